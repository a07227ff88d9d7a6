#!/usr/bin/env bash
# image.sh [OPTION...] FOLDER [IMAGE]
#
# Makes the image of a disc's folder, which author.sh has made: FOLDER.iso, without the ending .disc, if no name is
# given. A DVD-Video gets ISO 9660 and UDF 1.02 side by side, as players expect; a data disc the same and Joliet; one
# with a file over 4 GiB, which ISO 9660 cannot hold in one piece, pure UDF 2.50; a Blu-ray UDF 2.50, as players expect.
# The image is written beside its name and renamed when it is whole.
#
#   --label LABEL       the disc's name: A to Z, 0 to 9 and _, 30 at most; on pure UDF any letters
#   --medium NAME       what it must fit: dvd5, dvd9, bd25, bd50; if left out, what the film was made for
#   --job JOB           the folder must be of this job as it is now
#   --no-spare          a bd25 or bd50 will be burned with --no-spare, and takes 256 MiB more
#   --yes               do not ask
#   --dry-run           print every step and do none
#   --help              this
#
# With SOURCE_DATE_EPOCH, or if left out with the time that the film was finished, the same folder gives the same image.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

name=() wanted='' job=() spare=true words=()
while (($#)); do
  case $1 in
    --label | --medium | --job)
      (($# >= 2)) || fail "$WRONG" "$1 needs a value"
      case $1 in --label) name=("--label=$2") ;; --medium) wanted=$2 ;; --job) job+=("--job=$2") ;; esac
      shift
      ;;
    --no-spare) spare=false ;;
    --yes) yes=true ;;
    --dry-run) dry=true ;;
    -h | --help) help ;;
    -*) fail "$WRONG" "there is no option $1" "$me --help" ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]} == 1 || ${#words[@]} == 2)) || fail "$WRONG" "which folder, and which image?" "$me --help"
tree=${words[0]%/}
[[ ${tree##*/} != . && ${tree##*/} != .. && -n $tree ]] || tree=$(realpath -m -- "${words[0]}")
stem=${tree%.disc}
image=${words[1]:-$stem.iso}
need_python

kind='' system='' label='' largest='' largest_bytes=0 medium='' finished=''
facts tree "$tree" "${name[@]}" "${job[@]}"
[[ $(realpath -m -- "$image")/ != "$(realpath -- "$tree")"/* ]] || fail "$WRONG" "the image $image would be in $tree itself" "name it elsewhere."
[[ ! -d $image ]] || fail "$WRONG" "$image is a folder"
when=${SOURCE_DATE_EPOCH:-$finished}
[[ -z $when || $when =~ ^[0-9]+$ ]] || fail "$WRONG" "SOURCE_DATE_EPOCH is $when, which is no number of seconds"

# How large, before anything is written.
case $kind-$system in
  dvd-*)
    need genisoimage
    writer=(genisoimage -quiet -dvd-video -r -V "$label")
    ;;
  data-bridge)
    need genisoimage
    writer=(genisoimage -quiet -udf -r -J -input-charset utf-8 -V "$label")
    ;;
  *)
    writer=()
    if [[ $kind == data ]]; then
      say "$largest has $(human "$largest_bytes"), and ISO 9660 holds 4 GiB in one piece: the image will be pure UDF 2.50"
    fi
    ;;
esac
if ((${#writer[@]})); then
  told=$("${writer[@]}" -print-size "$tree" 2>&1) || { code=$?; say "$told" >&2; failed "$code" genisoimage; }
  blocks=$(grep -xE '[0-9]+' <<<"$told" | tail -n 1) || fail "$FAILED" "genisoimage does not say how large the image will be"
  bytes=$((blocks * 2048))
else
  told=$("$python" -m render.disc udf --size "$tree") || lost $?
  bytes=$(sed -E 's/.*"bytes": ([0-9]+).*/\1/' <<<"$told")
fi

room() {
  case $1 in
    dvd5) echo 4700372992 ;;
    dvd9) echo 8547991552 ;;
    bd25) echo 24756879360 ;;
    bd50) echo 49782194176 ;;
    file) echo 50050629632 ;;
    *) fail "$WRONG" "there is no medium $1" "dvd5, dvd9, bd25 or bd50." ;;
  esac
}
medium=${wanted:-$medium}
room=$(room "$medium")
if ! $spare; then
  case $medium in
    bd25) room=25025314816 ;;
    bd50) room=50050629632 ;;
    *) fail "$WRONG" "only a bd25 or bd50 has spare blocks" "name one with --medium, or leave out --no-spare." ;;
  esac
fi
if [[ $kind == bdmv && $medium == dvd* ]]; then
  fail "$WRONG" "a Blu-ray that plays needs a bd25 or bd50" "players do not look for one on a DVD."
fi
if [[ $kind == dvd && $medium != dvd5 && $medium != file ]]; then
  fail "$WRONG" "a DVD-Video needs a dvd5: its film cannot change layers, and no player looks for one on a BD-R" \
    "make the film with --fit dvd5 and try again, or see whether it fits: --medium dvd5."
fi
say "$image: $kind, $system, label $label, $bytes bytes ($(human "$bytes"))"
[[ $medium == file ]] || say "$medium takes $room bytes; $(awk -v a="$bytes" -v b="$room" 'BEGIN { printf("%.1f", 100 * a / b) }') % of it"
if ((bytes > room)); then
  fail "$FULL" "the image is larger than $([[ $medium == file ]] && echo "any disc" || echo "a $medium")" "make a shorter film, or one with --fit for the disc; --medium names a larger one."
fi
above=$(dirname -- "$image")
$dry || { need_folder "$above" && need_room "$above" "$bytes"; }
[[ ! -e $image ]] || ask "$image exists. Replace it?"

part=$image.part
if ! $dry; then
  : >>"$part" || fail "$MISSING" "$part cannot be written"
  only "$part"
  trap '[[ ! $part -ef /proc/self/fd/$held ]] || rm -f -- "$part"' EXIT
fi
if ((${#writer[@]})); then
  step "${writer[@]}" -o "$part" "$tree"
  [[ -z $when ]] || step "$python" -m render.disc settle "$part" --time "$when"
  step sync -- "$part"
  if ! $dry; then
    made=$(size_of "$part")
    ((made == bytes && made % 2048 == 0)) || fail "$FAILED" "the image is $made bytes, and $bytes were to be expected"
  fi
  step mv -fT -- "$part" "$image"
  step sync -- "$above"
else
  # It writes $part itself, and gives it its name when it is on the disk.
  step env ${when:+"SOURCE_DATE_EPOCH=$when"} "$python" -m render.disc udf "$tree" "$image" "--label=$label"
fi
afterwards "$here/verify.sh" "$image"
