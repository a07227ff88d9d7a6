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
#   --dry-run           as without --burn, even with it
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
    --dry-run) dry=true ;;
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
[[ -z $speed || $speed =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "$WRONG" "--speed $speed is no number such as 4"
$burn || dry=true
! $dry || burn=false

# Tests put a folder with sys/ and proc/ in place of the system's. There, only stand-ins may touch a drive.
stand_in=${RENDER_BURN_TEST_ROOT:-}
if [[ -n $stand_in ]]; then
  for tool in "$with" dvd+rw-mediainfo blockdev eject; do
    need "$tool"
    [[ $(head -c 200 -- "$(command -v "$tool")" | tr -d '\0') == *"stand-in for tests"* ]] ||
      fail "$WRONG" "RENDER_BURN_TEST_ROOT is set, and $tool is the real one" "unset RENDER_BURN_TEST_ROOT."
  done
fi

# The image.
[[ -f $image ]] || fail "$MISSING" "$image is no file"
bytes=$(size_of "$image")
((bytes > 0 && bytes % 2048 == 0)) ||
  fail "$DAMAGED" "the size of $image, $bytes bytes, is no multiple of 2048" "it was not written to its end; make it again."
blocks=$((bytes / 2048))

# The drive. growisofs takes a plain file for a disc and grows it, or as root unmounts what it is on: never let it.
device=$(realpath -m -- "${words[1]}")
[[ -e $device ]] || fail "$MISSING" "there is no $device" "drives are called /dev/sr0, /dev/sr1; see ls /dev/sr*."
if [[ -f $device && -z $stand_in ]]; then
  fail "$WRONG" "$device is a plain file, not a drive" "an image is copied with cp."
fi
[[ -b $device || -n $stand_in ]] || fail "$WRONG" "$device is no block device" "drives are called /dev/sr0, /dev/sr1; see ls /dev/sr*."
block=$stand_in/sys/class/block/${device##*/}
[[ -d $block ]] || fail "$WRONG" "$device is no block device that the system knows" "drives are called /dev/sr0, /dev/sr1."
# 5 is what SCSI calls a CD or DVD device (SPC, peripheral device types).
[[ -r $block/device/type && $(<"$block/device/type") == 5 ]] ||
  fail "$WRONG" "$device is no optical drive" "see /sys/class/block/*/device/type: 5 is one."
# By its number: a disc can be mounted by another name, such as /dev/cdrom or /dev/disk/by-label/LIFE.
mounted=$(awk -v number="$(<"$block/dev")" '$3 == number { print $5; exit }' "$stand_in/proc/self/mountinfo")
[[ -z $mounted ]] || fail "$MISSING" "$device is mounted on $mounted" "umount $mounted"
if [[ $with == growisofs && -n ${SUDO_COMMAND:-} ]]; then
  fail "$MISSING" "growisofs refuses to run under sudo" "run it as a user in the group of the drive, which is cdrom, or --with xorriso."
fi
need "$with" dvd+rw-mediainfo blockdev
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
# blocks_of NAME: the most that a line of what the disc can be formatted to names.
blocks_of() { sed -nE "s/^ *$1(\([0-9A-Fa-f]+\))?:[[:space:]]*([0-9]+)\*.*/\2/p" <<<"$told" | sort -n | tail -n 1; }
case $media in
  'DVD-R Sequential' | 'DVD-R Dual Layer'* | 'DVD-RW Sequential' | 'DVD-RW Restricted Overwrite') family=dvd ;;
  DVD+R | DVD+RW | 'DVD+R Double Layer') family=dvd ;;
  'BD-R SRM'* | BD-RE) family=bd ;;
  *) fail "$WRONG" "the disc in $device is a ${media:-disc of an unknown kind}, which cannot be written" "take a DVD-R, DVD+R or BD-R." ;;
esac
overwrite=false
case $status-$media in
  blank-*) ;;
  complete-DVD+RW | complete-BD-RE | appendable-DVD+RW | appendable-BD-RE)
    overwrite=true
    free=$(blocks_of 26h)
    free=${free:-$(blocks_of formatted)}
    free=${free:-0}
    ;;
  *-DVD-RW*) fail "$WRONG" "the $media in $device is not blank, but ${status:-unknown}" "dvd+rw-format -blank $device empties it." ;;
  *) fail "$WRONG" "the $media in $device is not blank, but ${status:-unknown}" "take a new disc." ;;
esac
say "$device holds a $media, ${status:-of unknown status}, with $free blocks $($overwrite && echo "to overwrite" || echo free); the image has $blocks"
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
  $spare || luke+=(-use-the-force-luke=spare:none)
  if $spare && [[ $with == xorriso && $media != BD-RE ]]; then
    fail "$WRONG" "xorriso writes a $media without spare areas" "say --no-spare, or burn with growisofs."
  fi
  # growisofs formats a new disc to the largest that the drive offers of one kind (its bd_r_format, bd_re_format). A BD-R
  # without spare blocks stays unformatted.
  format=''
  if ! $overwrite && grep -qE '^ *unformatted:' <<<"$told"; then
    case $spare-$media in
      true-BD-RE) format=30h ;;
      false-BD-RE) format=31h ;;
      true-*) format=32h ;;
    esac
  fi
  if [[ -n $format ]]; then
    offered=$(blocks_of $format)
    [[ -n $offered ]] || fail "$WRONG" "the drive does not offer to format the $media in $device" "--no-spare goes without."
    ! $spare || say "$(human $(((free - offered) * 2048))) of it become spare blocks, where the drive puts what it cannot write elsewhere; --no-spare goes without"
    free=$offered
  fi
fi
((free >= blocks)) || fail "$FULL" "the $media in $device takes $free blocks, and $image has $blocks" "take a larger disc, or make a smaller film."

if $unverified; then
  say "$image is not verified, as asked"
else
  show "$here/verify.sh" --quick "$image"
  bash "$here/verify.sh" --quick "$image" || exit
fi

# The command. Without a terminal growisofs refuses to overwrite; that it may is asked here.
if $overwrite; then
  luke+=(-use-the-force-luke=tty)
  ask "The $media in $device is not blank. Overwrite what is on it?"
fi
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
# Not by run: what stops this script had better not stop it.
show "${command[@]}"
"${command[@]}" || failed $? "${command[@]}"

# loaded: whether the disc is in the drive again and can be read. growisofs has the drive open and close, and ends at
# once; the drive of a notebook has to be closed by hand.
loaded() {
  local try
  for ((try = 0; try < 60; try++)); do
    if (($(blockdev --getsize64 "$device" 2>/dev/null || echo 0) >= bytes)) &&
      dd if="$device" of=/dev/null bs=2048 skip=16 count=1 status=none 2>/dev/null; then
      return 0
    fi
    ((try != 4)) || say "waiting for the disc; if the drive is open, close it"
    sleep 2
  done
  return 1
}
if $read_back; then
  if [[ $with == xorriso ]] && command -v eject >/dev/null; then
    # The system would still hold the disc for blank.
    show eject "$device"
    eject "$device" || true
    eject -t "$device" || true
  fi
  loaded || fail "$MISSING" "the disc is burned, but $device does not show it, so it was not compared" "put it in, then: $here/verify.sh $device"
  tell "dd if=$device bs=2048 count=$blocks | sha256sum"
  want=$(sha256sum <"$image")
  have=$(dd if="$device" bs=2048 count="$blocks" status=none | sha256sum) ||
    fail "$DAMAGED" "the disc cannot be read to its end" "burn another one, slower: --speed 4."
  [[ $have == "$want" ]] || fail "$DAMAGED" "the disc is not what was burned" "burn another one, slower: --speed 4."
  say "the disc equals $image"
fi
command -v eject >/dev/null && { show eject "$device"; eject "$device" || say "it does not open by itself"; }
say "done"
