#!/usr/bin/env bash
# tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR on each. MAX_RESTARTS=3 with --resume goes
# on after as many deaths of a process. Status 75: told to go (docs/reliability.md).
set -e
CONFIG=$1
GPUS=$2
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..:$PYTHONPATH"
exec python "$TOOLS/torchrun.py" --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$GPUS" --max_restarts="${MAX_RESTARTS:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$TOOLS/train.py" "$CONFIG" --launcher pytorch "${@:3}"
