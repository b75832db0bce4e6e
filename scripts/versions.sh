#!/usr/bin/env bash
# Tries the Pythons, and the lowest versions of the dependencies, that pyproject.toml promises: all tests but those that
# start the program. Each takes some minutes, and disk: a Python for which torch has no CPU build at hand brings a CUDA one.
#
#   bash scripts/versions.sh python3.12 python3.13      interpreters, with the versions of constraints.txt
#   bash scripts/versions.sh lowest                     python3.11, each dependency at the lowest version promised; torch
#                                                       as in constraints.txt unless TORCH=2.6.0 says otherwise
set -euo pipefail
cd "$(dirname "$0")/.."
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
torch="${TORCH:-$(sed -n 's/^torch==//p' constraints.txt)}"

for what in "$@"; do
    python="$what"
    [ "$what" = lowest ] && python=python3.11
    "$python" -m venv "$place/$what"
    bin="$place/$what/bin"
    "$bin/pip" install --quiet "torch==$torch" uv
    if [ "$what" = lowest ]; then
        echo "torch==$torch" >"$place/torch.txt"
        "$bin/uv" pip compile --quiet --resolution lowest-direct --python "$bin/python" --override "$place/torch.txt" \
            --no-annotate --extra test --extra parallel --extra slurm --extra ray pyproject.toml -o "$place/all.txt"
        grep -Ev "^(nvidia-|cuda-|triton|torch==)" "$place/all.txt" >"$place/rest.txt"
        "$bin/uv" pip install --quiet --python "$bin/python" --no-deps -r "$place/rest.txt" -e .
    else
        "$bin/pip" install --quiet -e ".[test,parallel,slurm,ray]" -c <(grep -v "^torch==" constraints.txt)
    fi
    "$bin/python" -m pytest -m "not acceptance" -p no:cacheprovider && echo "$what: all tests pass"
done
