#!/usr/bin/env bash
# Tries the Pythons, and the lowest versions of the dependencies, that pyproject.toml promises: all tests but those that
# start the program. Each takes some minutes, and disk: a Python for which torch has no CPU build at hand brings a CUDA one.
#
#   bash scripts/versions.sh python3.12 python3.13      interpreters, with the versions of constraints.txt
#   bash scripts/versions.sh lowest                     python3.11, each dependency at the lowest version promised; torch
#                                                       as in constraints.txt unless TORCH=2.6.0 says otherwise
#   bash scripts/versions.sh lowest tests/config …      these tests alone
set -euo pipefail
cd "$(dirname "$0")/.."
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
torch="${TORCH:-$(sed -n 's/^torch==//p' constraints.txt)}"
of_torch="^(torch==|nvidia-|cuda-|triton)"
grep -Ev "$of_torch" constraints.txt >"$place/usual.txt"
echo "torch" >"$place/any_torch.txt"
tests=()
for word in "$@"; do [ -e "$word" ] && tests+=("$word"); done

for what in "$@"; do
    [ -e "$what" ] && continue
    python="$what" versions=(-c "$place/usual.txt")
    [ "$what" = lowest ] && python=python3.11 versions=(--resolution lowest-direct)
    "$python" -m venv "$place/$what"
    bin="$place/$what/bin"
    "$bin/pip" install --quiet "torch==$torch" uv
    "$bin/uv" pip compile --quiet --python "$bin/python" "${versions[@]}" --override "$place/any_torch.txt" --no-annotate \
        --extra test --extra parallel --extra slurm --extra ray --extra optuna pyproject.toml -o "$place/all.txt"
    grep -Ev "$of_torch" "$place/all.txt" >"$place/rest.txt"
    "$bin/uv" pip install --quiet --python "$bin/python" --no-deps -r "$place/rest.txt" -e .
    "$bin/python" -m pytest -m "not acceptance" -p no:cacheprovider "${tests[@]}" && echo "$what: all tests pass"
done
