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
[[ -z $title ]] || $menu || fail "$WRONG" "--title is what stands in a menu" "say --menu, too."
need_python

# What it will be.
choices=()
[[ -z $as ]] || choices+=("--as=$as")
[[ -z $chapters_asked ]] || choices+=("--chapters=$chapters_asked")
$menu && choices+=(--menu)
$once && choices+=(--once)
kind='' films=() names=() sums=() sizes=() standard='' aspect='' rate='' chapters='' image_bytes=0 still_at=0 job='' width=0 height=0 modes=()
facts facts "${choices[@]}" "${jobs[@]}"
tree=$(realpath -m -- "${out:-$(realpath -m -- "$job").disc}")
part=$tree.part
above=$(dirname -- "$tree")
say "a disc of kind $kind in $tree; its image will be about $(human "$image_bytes")"

# Nothing is overwritten, and nothing is begun that cannot end.
if [[ -e $tree ]] && { [[ ! -d $tree ]] || [[ -n $(ls -A -- "$tree") ]]; }; then
  fail "$MISSING" "$tree is in use already" "remove it, or name another folder with --out."
fi
case $kind in
  dvd) need dvdauthor sha256sum flock ;;
  *) need sha256sum flock ;;
esac
if $menu; then
  need spumux
  find_ffmpeg
fi
for number in "${!films[@]}"; do
  film=${films[number]}
  [[ -f $film ]] || fail "$MISSING" "the film $film is gone"
  [[ -r $film ]] || fail "$MISSING" "the film $film cannot be read"
  [[ $(size_of "$film") == "${sizes[number]}" ]] ||
    fail "$DAMAGED" "$film is not as large as its manifest says" "render run with its preset makes it again."
done

# same NUMBER: a film is what its manifest says.
same() { [[ $(sha256sum <"${films[$1]}") == "${sums[$1]}  -" ]]; }
# linked NUMBER: whether a data disc's folder can hold a second name for a film, which takes no room.
linked() { [[ $kind == data && $(stat -Lc %d -- "${films[$1]}") == "$(stat -c %d -- "$above" 2>/dev/null)" ]]; }
if ! $dry; then
  need_folder "$above"
  for number in "${!films[@]}"; do
    ! linked "$number" || image_bytes=$((image_bytes - sizes[number]))
  done
  need_room "$above" "$image_bytes"
fi
if [[ -e $part ]]; then
  $dry || only "$part"
  ask "$part was left by a run that did not end. Remove it?"
  step rm -r -- "$part"
fi
for number in "${!films[@]}"; do
  show sha256sum "${films[number]}"
  $dry || same "$number" || fail "$DAMAGED" "${films[number]} is not what its manifest says" "render run with its preset makes it again."
done

work=$(realpath -- "$(mktemp -d)") || fail "$MISSING" "no temporary folder can be made" "set TMPDIR to a folder with room."
trap 'rm -rf -- "$work"' EXIT
step mkdir -- "$part"
$dry || only "$part"

make_menu() {
  local mode number=0 size=${width}x$height background='' seconds=1
  step "$ffmpeg" -v error -nostdin -y -ss "$still_at" -i "file:${films[0]}" -frames:v 1 -update 1 "$work/still.png"
  show "$python" -m render.disc menu "$work" "$job" --still "$work/still.png" ${title:+"--title=$title"}
  $dry || facts menu "$work" "$job" --still "$work/still.png" ${title:+"--title=$title"}
  # A plain name: a % in that of the temporary folder would be a number.
  step "$ffmpeg" -v error -nostdin -y -f image2 -pattern_type none -loop 1 -framerate "$rate" -t "$seconds" -i "${background:-$work/background.png}" \
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
    for number in "${!films[@]}"; do
      film=${films[number]} copy=$part/${names[number]}
      # A second name for the same bytes, where the disk and its rights allow that.
      if linked "$number"; then
        show ln -L -- "$film" "$copy"
        $dry || ! ln -L -- "$film" "$copy" 2>/dev/null || continue
        $dry && continue
        need_room "$part" "${sizes[number]}"
      fi
      step cp -p --reflink=auto -- "$film" "$copy"
    done
    ;;
esac

# What the disc says of itself; the checksums are those of every other file on it.
step "$python" -m render.disc extras "$part" "${choices[@]}" "${jobs[@]}"
tell "sha256sum of every file in $part > EXTRAS/SHA256SUMS"
# checksums: of every file, and of none fewer. A failure in here ends it, whatever bash makes of set -e.
checksums() {
  cd -- "$part" &&
    find . -type f ! -path ./EXTRAS/SHA256SUMS -printf '%P\0' | sort -z >"$work/names" &&
    xargs -0 sha256sum -- <"$work/names" >"$work/sums" &&
    (($(wc -l <"$work/sums") == $(tr -dc '\0' <"$work/names" | wc -c))) &&
    cp -- "$work/sums" EXTRAS/SHA256SUMS
}
$dry || (checksums) || fail "$FAILED" "the checksums could not be made" "what failed stands above."
# All of it is on the disk before it has its name.
step find "$part" -exec sync -- '{}' +
step mv -T -- "$part" "$tree"
step sync -- "$above"
afterwards "$here/image.sh" "$tree"
