#!/usr/bin/env bash
# verify.sh [OPTION...] IMAGE|DRIVE [JOB...]
#
# Is it all there, does it play, is it the film? Reads every file of every file system in an image, or on the disc in a
# drive such as /dev/sr0, and compares it with the disc's own checksums and with the jobs: their folders, or their
# manifest.json. Of a DVD-Video and a Blu-ray, tables are read, lengths compared, and all frames counted.
#
#   --quick             do not count frames
#   --dry-run           print every step and do none
#   --help              this

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

quick=false words=()
while (($#)); do
  case $1 in
    --quick) quick=true ;;
    --dry-run) dry=true ;;
    -h | --help) help ;;
    -*) fail "$WRONG" "there is no option $1" "$me --help" ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]})) || fail "$WRONG" "which image?" "$me --help"
image=${words[0]}
jobs=("${words[@]:1}")
need_python
[[ -e $image ]] || fail "$MISSING" "there is no $image" "image.sh, or render disc image, makes one."
[[ -r $image && ! -d $image ]] || fail "$MISSING" "$image cannot be read"
if [[ -f $image ]] && (($(size_of "$image") % 2048)); then
  fail "$DAMAGED" "the size of $image is no multiple of 2048" "it was not written to its end."
fi

kind='' label='' system='' frames=0 streams='' bytes=0
facts look "$image"
say "$image: $kind, $system, label $label, $bytes bytes"
step "$python" -m render.disc check "$image" "${jobs[@]}"

# Second opinions, where the tools are there.
seen() { # seen TOOL ARGUMENT...: what a player's library says, or that it is not asked
  if command -v "$1" >/dev/null; then
    show "$@"
    $dry || "$@" 2>/dev/null | sed '/^libdvdread/d; /^\*\*/d; /^$/d' || fail "$DAMAGED" "$1 cannot make sense of $image"
  else
    say "not asked: $1 (package $(package "$1"))"
  fi
}
case $kind in
  dvd) seen lsdvd -q "$image" ;;
  bdmv) seen bd_list_titles "$image" ;;
esac

if [[ -n $streams ]] && ! $quick; then
  find_ffmpeg
  tell "$python -m render.disc cat $image '$streams' | $ffmpeg -i - -map 0:v:0 -c copy -f null -"
  if ! $dry; then
    counted=$("$python" -m render.disc cat "$image" "$streams" |
      "$ffmpeg" -v error -nostats -progress - -i - -map 0:v:0 -c copy -f null - |
      sed -n 's/^frame=//p' | tail -n 1) || fail "$DAMAGED" "the film in $image cannot be read"
    [[ $counted == "$frames" ]] ||
      fail "$DAMAGED" "there are $counted frames in $image, and its manifest says $frames"
    say "all $frames frames are there"
  fi
fi
if $dry; then say "nothing was compared"; else say "$image is whole"; fi
if [[ -f $image ]] && ! $quick; then afterwards "$here/burn.sh" "$image" /dev/sr0; fi
