#!/bin/sh
# Makes the peers' Python environments, as pinned beside this file:  bench/peers/setup.sh FOLDER
# torch comes first: of 2.13.0 an index may have a build for the processor alone, and the peers then take what is there.
set -eu
target=${1:?name the folder that the environments go to}
pins=$(cd "$(dirname "$0")" && pwd)
for peer in lm-cocktail mergekit; do
  test -x "$target/$peer/bin/pip" || python3 -m venv "$target/$peer"
  "$target/$peer/bin/pip" install --quiet torch==2.13.0
  "$target/$peer/bin/pip" install --quiet -r "$pins/$peer.txt"
  # compiled now, and not in the first measured run
  "$target/$peer/bin/python" "$pins/$peer.py" --warm
done
