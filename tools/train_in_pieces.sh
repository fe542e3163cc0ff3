#!/usr/bin/env bash
# Train where a machine is to be had for some minutes at a time, as lent GPUs are.  Each call makes the
# store if there is none yet, trains one piece of so many minutes and stops after a checkpoint:
#
#     tools/train_in_pieces.sh FOLDER MINUTES ARCHIVE... [-- OPTION OF gopolicy train...]
#     tools/train_in_pieces.sh strong 9 kgs-6d tygem-9d -- --recipe gpu-hour
#
# FOLDER then holds `store` and `run`: checkpoint, weights, log and page of the run.  Copied to another
# machine it goes on there by the same call; the options count at the first one only.
# Exit status: 0 when the run is complete, 75 when there is more to do, anything else is an error.
set -euo pipefail

usage="expected: tools/train_in_pieces.sh FOLDER MINUTES ARCHIVE... [-- OPTION...]"
[[ $# -ge 3 && "$2" =~ ^[0-9]+([.][0-9]+)?$ ]] || { echo "$usage" >&2; exit 2; }
folder="$1" minutes="$2"
shift 2
archives=()
while [[ $# -gt 0 && "$1" != -- ]]; do
    archives+=("$1")
    shift
done
[[ $# -gt 0 ]] && shift
[[ ${#archives[@]} -gt 0 ]] || { echo "$usage" >&2; exit 2; }

end="$(python3 -c 'import sys, time; print(time.time() + 60 * float(sys.argv[1]))' "$minutes")"
mkdir -p "$folder"
[[ -e "$folder/store" ]] || gopolicy prepare "${archives[@]}" --out "$folder/store"

options=(--data "$folder/store" --out "$folder/run")
compgen -G "$folder/run/checkpoint-*" > /dev/null && options+=(--resume) || options+=("$@")
seconds="$(python3 -c 'import sys, time; print(max(float(sys.argv[1]) - time.time(), 1))' "$end")"
status=0
timeout --signal=TERM "$seconds" gopolicy train "${options[@]}" || status=$?
if [[ $status == 124 ]]; then
    echo "not complete yet: the same call goes on"
    exit 75
fi
exit "$status"
