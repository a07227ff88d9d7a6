# What the scripts here share. Sourced, not run.
# shellcheck shell=bash disable=SC2034

set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8

# Exit codes are those of render (README.md).
readonly WRONG=2 MISSING=3 FULL=6 DAMAGED=7 FAILED=9 STOPPED=130

me=${0##*/}
yes=false
dry=false
above='' # the folder that is written to
python=${RENDER_PYTHON:-python3}

# From a checkout (scripts/burn) or from the installed package (render/scripts/burn), its own Python is found.
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
if [[ -d $here/../../render/disc ]]; then
  root=$(cd -- "$here/../.." && pwd -P)
else
  root=$(cd -- "$here/../../.." && pwd -P)
fi
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

say() { printf '%s\n' "$*"; }

# fail CODE MESSAGE [HINT]: says what is wrong and what to do, and ends.
fail() {
  printf '%s: %s\n' "$me" "$2" >&2
  [[ -z ${3:-} ]] || printf '  %s\n' "$3" >&2
  exit "$1"
}

# help: the comment at the head of the script.
help() {
  sed -n '2,/^$/{s/^# \{0,1\}//;p;}' "$0"
  exit 0
}

# show COMMAND...: a step, as it could be typed.
show() {
  local word line='+'
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then
      line+=" $word"
    else
      line+=" '${word//\'/\'\\\'\'}'"
    fi
  done
  printf '%s\n' "$line"
}

# tell LINE: a step that is more than one command.
tell() { printf '+ %s\n' "$1"; }

# afterwards COMMAND...: what comes next, as it could be typed; render disc has verbs of its own for it.
afterwards() {
  local line
  line=$(show "$@")
  say "next: ${RENDER_DISC_NEXT:-${line#+ }}"
}

# step COMMAND...: prints it and, unless this is a dry run, runs it. Its failure is the script's.
step() {
  show "$@"
  $dry || run "$@"
}

# run COMMAND...: without printing it. It runs beside this script, which waits for it: a signal that reaches only this
# script reaches it too, and does not leave it at work alone.
run() {
  local code=0 child
  "$@" &
  child=$!
  trap 'stop "$child" 129' HUP
  trap 'stop "$child" 130' INT
  trap 'stop "$child" 143' TERM
  wait "$child" || code=$?
  trap - HUP INT TERM
  ((code == 0)) || failed "$code" "$@"
}

# stop CHILD CODE: ends a step, then this script.
stop() {
  trap '' HUP INT TERM
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" || true
  fail "$2" "stopped; the same command begins again"
}

# failed CODE COMMAND...: the tool has said why; render's own verbs have exit codes of their own.
failed() {
  local code=$1
  shift
  if [[ -n $above ]] && (($(free_of "$above") < 1 << 20)); then
    fail "$FULL" "$1 ended with exit code $code: the disk of $above is full"
  fi
  [[ $1 != env ]] || { shift && while [[ $1 == *=* ]]; do shift; done; }
  [[ $1 != "$python" ]] || lost "$code"
  fail "$FAILED" "$1 ended with exit code $code" "what it said stands above."
}

# lost CODE: a verb has failed and said why, unless it was not meant to.
lost() {
  (($1 == 1)) || exit "$1"
  fail 1 "a defect in render itself" "what it said stands above; please report it."
}

# only PATH: another script at work on a file or folder ends this one; until this one ends, it is this one's.
only() {
  local lock=75
  if { exec {held}<"$1"; } 2>/dev/null; then
    lock=0
    flock --nonblock --conflict-exit-code 75 "$held" 2>/dev/null || lock=$?
  fi
  # That a disk has no locks is no fault. What was renamed or removed after it was opened is not what has the name now.
  [[ $lock != 75 && $1 -ef /proc/self/fd/$held ]] ||
    fail "$MISSING" "another run is at work on $1" "wait until it ends."
}

# facts VERB ARGUMENT...: what a verb of python -m render.disc says, as variables.
facts() {
  local told
  told=$("$python" -m render.disc "$@") || lost $?
  eval "$told"
}

# ask QUESTION: goes on only after a yes.
ask() {
  local answer=
  $yes && return
  $dry && { say "would ask: $1 [y/N]"; return; }
  printf '%s [y/N] ' "$1"
  read -r answer || say
  [[ $answer == [yY] || $answer == [yY][eE][sS] ]] || fail "$STOPPED" "stopped, nothing more was done"
}

# package TOOL: the Debian package that has it.
package() {
  case $1 in
    dvdauthor | spumux) echo dvdauthor ;;
    growisofs) echo growisofs ;;
    dvd+rw-mediainfo) echo dvd+rw-tools ;;
    sha256sum) echo coreutils ;;
    flock) echo util-linux ;;
    bd_list_titles) echo libbluray-bin ;;
    *) echo "$1" ;;
  esac
}

# need TOOL...: ends if one is missing, and says which package has it.
need() {
  local tool missing=() packages=()
  for tool in "$@"; do
    command -v "$tool" >/dev/null && continue
    missing+=("$tool")
    packages+=("$(package "$tool")")
  done
  ((${#missing[@]} == 0)) || fail "$MISSING" "not installed: ${missing[*]}" "apt-get install ${packages[*]}"
}

# need_python: ends if there is none, or no render in it.
need_python() {
  command -v "$python" >/dev/null || fail "$MISSING" "there is no $python" "set RENDER_PYTHON to the Python that render is installed in."
  "$python" -c 'import render.disc.__main__' 2>/dev/null ||
    fail "$MISSING" "$python cannot run render.disc" "set RENDER_PYTHON to the Python that render is installed in."
}

# find_ffmpeg: sets ffmpeg to the one that render would use.
find_ffmpeg() {
  ffmpeg=$("$python" -c 'from render.video import ffmpeg; print(ffmpeg.find().path)' 2>/dev/null) ||
    fail "$MISSING" "no ffmpeg is found" "set RENDER_FFMPEG, or install imageio-ffmpeg for $python."
}

# size_of FILE
size_of() { stat -Lc %s -- "$1"; }

# human BYTES
human() { awk -v n="$1" 'BEGIN { split("B kB MB GB TB", u); i = 1; while (n >= 1000 && i < 5) { n /= 1000; i++ }; printf(i == 1 ? "%d %s" : "%.2f %s", n, u[i]) }'; }

# free_of FOLDER: the bytes that its disk has free.
free_of() { df -PB1 -- "$1" | awk 'NR == 2 { print $4 }'; }

# need_folder FOLDER: makes it if it is not there; ends if it cannot be written to.
need_folder() {
  { mkdir -p -- "$1" && [[ -w $1 ]]; } 2>/dev/null || fail "$MISSING" "the folder $1 cannot be written to"
}

# need_room FOLDER BYTES: ends if a disk has less.
need_room() {
  local free
  free=$(free_of "$1")
  ((free >= $2)) || fail "$FULL" "$(human "$2") are needed, and $1 has $(human "$free") free"
}
