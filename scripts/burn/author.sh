#!/usr/bin/env bash
# author.sh [OPTION...] JOB...
#
# Makes the folder of a disc from finished jobs: their folders, or their manifest.json. Films of codec mpeg2 become a
# DVD-Video that plays when it is put in and begins again at its end; a film of codec bluray a Blu-ray that does; all
# others files on a data disc. Several films of a DVD are titles that play one after the other. EXTRAS on the disc holds
# presets, manifests, checksums of every file, and a README.
#
#   --as dvd|data|bdmv  another kind of disc than the films suggest
#   --out FOLDER        the folder to make; JOB.disc if left out. One that is in use is refused
#   --chapters TIME     from one chapter to the next, such as 5m; 0 for none. A DVD has 99 at most
#   --menu              a DVD begins with a menu: play once, play for ever
#   --title TEXT        what stands in the menu
#   --once              a DVD stops at its end
#   --yes               do not ask
#   --dry-run           print every step and do none
#   --help              this

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

as='' out='' chapters_asked='' title='' menu=false once=false jobs=()
while (($#)); do
  case $1 in
    --as | --out | --chapters | --title)
      (($# >= 2)) || fail "$WRONG" "$1 needs a value"
      case $1 in --as) as=$2 ;; --out) out=$2 ;; --chapters) chapters_asked=$2 ;; --title) title=$2 ;; esac
      shift
      ;;
    --menu) menu=true ;;
    --once) once=true ;;
    --yes) yes=true ;;
    --dry-run) dry=true ;;
    -h | --help) help ;;
    -*) fail "$WRONG" "there is no option $1" "$me --help" ;;
    *) jobs+=("$1") ;;
  esac
  shift
done
((${#jobs[@]})) || fail "$WRONG" "which job?" "$me --help"
need_python

# What it will be.
choices=()
[[ -z $as ]] || choices+=(--as "$as")
[[ -z $chapters_asked ]] || choices+=(--chapters "$chapters_asked")
$menu && choices+=(--menu)
$once && choices+=(--once)
kind='' films=() sums=() sizes=() standard='' aspect='' rate='' chapters='' image_bytes=0 still_at=0 job='' width=0 height=0 modes=()
facts facts "${choices[@]}" "${jobs[@]}"
tree=${out:-$(realpath -m -- "$job").disc}
tree=${tree%/}
part=$tree.part
say "a disc of kind $kind in $tree, from ${#films[@]} film(s); its image will be about $(human "$image_bytes")"

# Nothing is overwritten, and nothing is begun that cannot end.
if [[ -e $tree ]] && { [[ ! -d $tree ]] || [[ -n $(ls -A -- "$tree") ]]; }; then
  fail "$MISSING" "$tree is in use already" "remove it, or name another folder with --out."
fi
case $kind in
  dvd) need dvdauthor sha256sum ;;
  *) need sha256sum ;;
esac
if $menu; then
  need spumux
  find_ffmpeg
fi
for number in "${!films[@]}"; do
  film=${films[number]}
  [[ -f $film ]] || fail "$MISSING" "the film $film is gone"
  [[ $(size_of "$film") == "${sizes[number]}" ]] ||
    fail "$DAMAGED" "$film is not as large as its manifest says" "render run with its preset makes it again."
done
$dry || { mkdir -p -- "$(dirname -- "$tree")" && need_room "$(dirname -- "$tree")" "$image_bytes"; }
if [[ -e $part ]]; then
  ask "$part was left by a run that did not end. Remove it?"
  step rm -r -- "$part"
fi

# same NUMBER: a film is what its manifest says.
same() { printf '%s  %s\n' "${sums[$1]}" "${films[$1]}" | sha256sum --check --quiet --strict; }
for number in "${!films[@]}"; do
  show sha256sum --check "${films[number]}"
  $dry || same "$number" || fail "$DAMAGED" "${films[number]} is not what its manifest says" "render run with its preset makes it again."
done

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
step mkdir -p -- "$part"

make_menu() {
  local mode number=0 size=${width}x$height background='' seconds=1
  step "$ffmpeg" -v error -nostdin -y -ss "$still_at" -i "file:${films[0]}" -frames:v 1 "$work/still.png"
  show "$python" -m render.disc menu "$work" "$job" --still "$work/still.png" ${title:+--title "$title"}
  $dry || facts menu "$work" "$job" --still "$work/still.png" ${title:+--title "$title"}
  step "$ffmpeg" -v error -nostdin -y -loop 1 -framerate "$rate" -t "$seconds" -i "${background:-$work/background.png}" \
    -f lavfi -t "$seconds" -i anullsrc=channel_layout=stereo:sample_rate=48000 -c:v mpeg2video -pix_fmt yuv420p \
    -s "$size" -r "$rate" -aspect "$aspect" -b:v 6000k -minrate 6000k -maxrate 6000k -bufsize 1835008 -g 15 -bf 0 -threads 1 \
    -c:a ac3 -b:a 192k -f dvd -muxrate 10080000 -packetsize 2048 "$work/menu.mpg"
  for mode in "${modes[@]}"; do
    tell "spumux -m dvd -s $number $work/buttons-$mode.xml < $work/menu.mpg > $work/menu-$number.mpg"
    if ! $dry; then
      VIDEO_FORMAT=${standard^^} spumux -m dvd -s "$number" "$work/buttons-$mode.xml" \
        <"$work/menu.mpg" >"$work/menu-$number.mpg" 2>"$work/spumux.log" ||
        { code=$?; cat "$work/spumux.log" >&2; failed "$code" spumux; }
      mv -- "$work/menu-$number.mpg" "$work/menu.mpg"
    fi
    number=$((number + 1))
  done
}

case $kind in
  dvd)
    if $menu; then make_menu; fi
    step "$python" -m render.disc dvd "$part" "$work" "${choices[@]}" "${jobs[@]}"
    show env "VIDEO_FORMAT=${standard^^}" dvdauthor -x "$work/dvd.xml"
    if ! $dry; then
      VIDEO_FORMAT=${standard^^} dvdauthor -x "$work/dvd.xml" >"$work/dvdauthor.log" 2>&1 ||
        { code=$?; cat "$work/dvdauthor.log" >&2; failed "$code" dvdauthor; }
      grep -E '^(WARN|ERR)' "$work/dvdauthor.log" >&2 || true
    fi
    ;;
  bdmv)
    step "$python" -m render.disc bdmv "${films[0]}" "$part" --rate "$rate" --chapters "$chapters"
    ;;
  data)
    # A second name for the same bytes, where the disk allows that.
    for film in "${films[@]}"; do
      if [[ -d $part && $(stat -c %d -- "$film") == "$(stat -c %d -- "$part")" ]]; then
        step ln -L -- "$film" "$part/"
      else
        step cp -p --reflink=auto -- "$film" "$part/"
      fi
    done
    ;;
esac

# What the disc says of itself; the checksums are those of every other file on it.
step "$python" -m render.disc extras "$part" "${choices[@]}" "${jobs[@]}"
tell "sha256sum of every file in $part > EXTRAS/SHA256SUMS"
if ! $dry; then
  (
    cd -- "$part"
    find . -type f ! -path ./EXTRAS/SHA256SUMS -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum >"$work/sums"
    cp -- "$work/sums" EXTRAS/SHA256SUMS
  ) || fail "$FULL" "the checksums could not be made"
fi
[[ ! -d $tree ]] || step rmdir -- "$tree"
step mv -- "$part" "$tree"
say "next: $here/image.sh $tree"
