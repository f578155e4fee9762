#!/usr/bin/env bash
# Build MinkowskiEngine for the CPU in an environment of its own, and check the other layouts
# against it. Optional: see docs/minkowski.md. About ten minutes of one core.
#
#   tools/build_minkowski.sh [environment, default .venv-minkowski]
#
# It needs Python 3.11, a C++17 compiler, the Python headers and OpenBLAS's headers
# (Debian, Ubuntu: apt-get install g++ python3-dev libopenblas-dev).
# PYTHON names the interpreter, TORCH the torch requirement, MAX_JOBS the compilers run at once
# (each takes up to 2.5 GB).
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:-.venv-minkowski}
export MAX_JOBS=${MAX_JOBS:-1}

if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ]; then
    echo "error: '$venv' is no virtual environment, so it is left as it is: name another folder." >&2
    exit 2
fi

"${PYTHON:-python3.11}" -m venv "$venv"
echo '*' > "$venv/.gitignore"
# MinkowskiEngine's setup.py calls a bare `pip`, which must be this environment's.
export PATH="$(cd "$venv" && pwd)/bin:$PATH"

# Its setup.py imports torch, so torch comes first and the build is not isolated.
pip install 'pip>=23.1' 'setuptools<82' wheel ninja numpy pytest pytest-timeout \
    "${TORCH:-torch==2.13.0}"

# The released sources compile as they are. Naming the BLAS keeps setup.py away from
# numpy.distutils, which newer setuptools break. No cache: a build fits one version of torch alone.
nice -n 19 pip install --no-cache-dir --no-deps --no-build-isolation --use-pep517 \
    --config-settings=--global-option=--blas=openblas \
    --config-settings=--global-option=--cpu_only \
    MinkowskiEngine==0.5.4

python -m pytest tests/nn/layouts/test_minkowski.py -v
