# Sourced by the scripts beside it: goes to the checkout's root and gives them one way to speak and to fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# uv and Node where the system has none that fits (scripts/setup puts them there).
export PATH="$PWD/.tools/bin:$PATH"
# The system's Python is used; an interpreter is never downloaded.
export UV_PYTHON_DOWNLOADS=never

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}
