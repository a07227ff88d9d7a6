#!/usr/bin/env bash
# setup-debian.sh [--dry-run]
#
# Installs what makes, checks and burns discs, and what their tests need, from Debian or Ubuntu. No ffmpeg is among it:
# render brings its own.
#
#   --dry-run           print the commands and run none
#   --help              this

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

while (($#)); do
  case $1 in
    --dry-run) dry=true ;;
    -h | --help) help ;;
    *) fail "$WRONG" "there is no option $1" "$me --help" ;;
  esac
  shift
done

discs=(dvdauthor genisoimage xorriso growisofs dvd+rw-tools eject fonts-dejavu-core)
checks=(lsdvd dvdbackup libbluray-bin udftools 7zip)
tests=(libdvdnav-dev libbluray-dev libudfread-dev shellcheck gcc libc6-dev)
become=()
if ((EUID != 0)); then
  $dry || command -v sudo >/dev/null || fail "$MISSING" "packages are installed by root, and there is no sudo" "run it as root."
  become=(sudo)
fi
step "${become[@]}" apt-get update -qq
step "${become[@]}" apt-get install -y -qq --no-install-recommends "${discs[@]}" "${checks[@]}" "${tests[@]}"
