#!/usr/bin/env bash
# burn.sh [OPTION...] IMAGE DEVICE
#
# Burns an image to the disc in a drive, such as /dev/sr0, reads it back, compares, and ejects it. Without --burn it
# only looks whether it could, and prints the commands: nothing is written.
#
#   --burn              burn; asks once more before it begins
#   --yes               do not ask
#   --speed N           as N in -speed=N of growisofs: a DVD's 1 is 1385 kB/s, a Blu-ray's 4496 kB/s
#   --no-spare          a BD-R without spare areas: 256 MiB more room and about twice the speed, but the drive no longer
#                       checks what it writes, nor puts bad blocks elsewhere, which players know how to follow
#   --with xorriso      burn with xorriso instead of growisofs; a BD-R then needs --no-spare
#   --unverified        do not read the image with verify.sh before
#   --no-read-back      do not read the disc after
#   --dry-run           as without --burn
#   --help              this

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

burn=false unverified=false read_back=true spare=true speed='' with=growisofs words=()
while (($#)); do
  case $1 in
    --speed | --with)
      (($# >= 2)) || fail "$WRONG" "$1 needs a value"
      case $1 in --speed) speed=$2 ;; --with) with=$2 ;; esac
      shift
      ;;
    --burn) burn=true ;;
    --dry-run) burn=false ;;
    --yes) yes=true ;;
    --no-spare) spare=false ;;
    --unverified) unverified=true ;;
    --no-read-back) read_back=false ;;
    -h | --help) help ;;
    -*) fail "$WRONG" "there is no option $1" "$me --help" ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]} == 2)) || fail "$WRONG" "which image, and which drive?" "$me --help"
image=${words[0]}
[[ $with == growisofs || $with == xorriso ]] || fail "$WRONG" "--with $with is neither growisofs nor xorriso"
[[ -z $speed || $speed =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "$WRONG" "--speed $speed is no number"
$burn || dry=true

# Tests put a folder with sys/ and proc/ in place of the system's. There, only a stand-in for a burner may be run.
stand_in=${RENDER_BURN_TEST_ROOT:-}
real() { # real PROGRAM: whether it is one, not a stand-in
  [[ $(head -c 200 -- "$(command -v "$1")" | tr -d '\0') != *"stand-in for tests"* ]]
}
if [[ -n $stand_in ]]; then
  need growisofs dvd+rw-mediainfo xorriso
  ! real "$with" || fail "$WRONG" "RENDER_BURN_TEST_ROOT is set, and $with is the real one" "unset RENDER_BURN_TEST_ROOT."
fi

# The image.
[[ -f $image ]] || fail "$MISSING" "$image is no file"
bytes=$(size_of "$image")
((bytes > 0 && bytes % 2048 == 0)) ||
  fail "$DAMAGED" "the size of $image, $bytes bytes, is no multiple of 2048" "it was not written to its end; make it again."
blocks=$((bytes / 2048))

# The drive. growisofs takes a plain file for a disc and grows it, or as root unmounts what it is on: never let it.
device=$(realpath -m -- "${words[1]}")
[[ -e $device ]] || fail "$MISSING" "there is no $device"
if [[ -f $device && -z $stand_in ]]; then
  fail "$WRONG" "$device is a plain file, not a drive" "an image is copied with cp."
fi
[[ -b $device || -n $stand_in ]] || fail "$WRONG" "$device is no block device" "drives are called /dev/sr0, /dev/sr1; see ls /dev/sr*."
block=$stand_in/sys/class/block/${device##*/}
[[ -d $block ]] || fail "$WRONG" "$device is no block device that the system knows" "drives are called /dev/sr0, /dev/sr1."
# 5 is what SCSI calls a CD or DVD device (SPC, peripheral device types).
[[ -r $block/device/type && $(<"$block/device/type") == 5 ]] ||
  fail "$WRONG" "$device is no optical drive" "see /sys/class/block/*/device/type: 5 is one."
mounted=$(awk -v device="$device" '$1 == device { print $2; exit }' "$stand_in/proc/self/mounts")
[[ -z $mounted ]] || fail "$MISSING" "$device is mounted on $mounted" "umount $mounted"
if [[ $with == growisofs && -n ${SUDO_COMMAND:-} ]]; then
  fail "$MISSING" "growisofs refuses to run under sudo" "run it as a user in the group of the drive, which is cdrom, or --with xorriso."
fi
need "$with" dvd+rw-mediainfo
[[ $device != *=* && $image != *=* ]] || fail "$WRONG" "growisofs divides -Z at =, which must not be in a name"

# The disc.
show dvd+rw-mediainfo "$device"
if ! told=$(dvd+rw-mediainfo "$device" 2>&1); then
  case $told in
    *"no media mounted"* | *"NO MEDIUM"* | *"MEDIUM NOT PRESENT"*) fail "$MISSING" "there is no disc in $device" ;;
    *"non-DVD media"*) fail "$WRONG" "the disc in $device is a CD" ;;
    *) fail "$MISSING" "dvd+rw-mediainfo cannot make sense of $device: $(tail -n 1 <<<"$told")" ;;
  esac
fi
said() { sed -nE "s/^ *$1: *(.*)$/\1/p" <<<"$told" | head -n 1; }
media=$(said 'Mounted Media')
media=${media#*, }
status=$(said 'Disc status')
free=$(said 'Free Blocks')
free=${free%%\**}
[[ $free =~ ^[0-9]+$ ]] || free=0
need_python
kind='' label=''
facts look "$image"
case ${media/ROM/pressed} in
  DVD-R* | DVD+R*) family=dvd ;;
  BD-R*) family=bd ;;
  *) fail "$WRONG" "the disc in $device is a ${media:-disc of an unknown kind}, which cannot be written" "take a DVD-R, DVD+R or BD-R." ;;
esac
say "$device holds a $media, ${status:-of unknown status}, with $free blocks free; the image has $blocks"
[[ $status == blank ]] ||
  fail "$WRONG" "the $media in $device is not blank, but ${status:-unknown}" "take a new disc; a rewritable one is blanked with dvd+rw-format -blank $device."
case $kind-$family in
  dvd-bd) fail "$WRONG" "a DVD-Video on a $media plays nowhere" "take a DVD-R or DVD+R." ;;
  bdmv-dvd) fail "$WRONG" "a Blu-ray on a $media plays nowhere" "take a BD-R." ;;
esac
luke=()
case $media in
  *Dual\ Layer*) fail "$WRONG" "a $media is not supported" "take a DVD+R Double Layer for files, or a BD-R." ;;
  *Double\ Layer*)
    if [[ $kind == dvd ]]; then
      fail "$WRONG" "a DVD-Video on two layers must change layers where a cell of the film begins, at a multiple of 16 blocks, and no free tool arranges that" \
        "make the film fit one layer: --fit dvd5."
    fi
    # Files are read anywhere: the layers share them evenly, in whole ECC blocks of 16.
    luke=(-use-the-force-luke="break:$((((blocks + 1) / 2 + 15) / 16 * 16))")
    ;;
esac
if [[ $family == bd ]]; then
  if ! $spare; then
    luke+=(-use-the-force-luke=spare:none)
  elif [[ $with == xorriso && $media != BD-RE* ]]; then
    fail "$WRONG" "xorriso writes a $media without spare areas" "say --no-spare, or burn with growisofs."
  elif grep -q 'unformatted:' <<<"$told"; then
    # growisofs formats a new disc with 256 MiB of spare blocks (growisofs(1), NOTES).
    free=$((free - 131072))
    say "256 MiB of it become spare blocks, where the drive puts what it cannot write elsewhere; --no-spare goes without"
  fi
fi
((free >= blocks)) || fail "$FULL" "the $media in $device takes $free blocks, and $image has $blocks" "take a larger disc, or make a smaller film."

if $unverified; then
  say "$image is not verified, as asked"
else
  show "$here/verify.sh" --quick "$image"
  bash "$here/verify.sh" --quick "$image" || exit
fi

# The command.
if [[ $with == growisofs ]]; then
  command=(growisofs -dvd-compat ${speed:+"-speed=$speed"} "${luke[@]}" -Z "$device=$image")
else
  command=(xorriso -as cdrecord -v "dev=$device" ${speed:+"speed=$speed"} -sao padsize=0 "$image")
fi
if ! $burn; then
  show "${command[@]}"
  $read_back && tell "dd if=$device bs=2048 count=$blocks | sha256sum"
  say "nothing was burned; --burn burns"
  exit
fi
ask "Burn $image ($(human "$bytes"), label $label) to the $media in $device? It cannot be undone."
step "${command[@]}"

if $read_back; then
  tell "dd if=$device bs=2048 count=$blocks | sha256sum"
  want=$(sha256sum <"$image")
  have=$(dd if="$device" bs=2048 count="$blocks" status=none | sha256sum) || fail "$DAMAGED" "the disc cannot be read back"
  [[ $have == "$want" ]] || fail "$DAMAGED" "the disc is not what was burned" "burn another one, slower: --speed 4."
  say "the disc equals $image"
fi
command -v eject >/dev/null && { show eject "$device"; eject "$device" || say "it does not open by itself"; }
say "done"
