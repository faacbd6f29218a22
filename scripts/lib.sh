# Sourced by the scripts beside it: goes to the checkout's root and gives them one way to speak and to fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# uv and Node where the system has none that fits (scripts/setup puts them there).
export PATH="$PWD/.tools/bin:$PATH"
# The system's Python is used; an interpreter is never downloaded.
export UV_PYTHON_DOWNLOADS=never
# Certificates are the system's: an office's own authority stands there, if anywhere.
export UV_SYSTEM_CERTS=true
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi
# Where Python keeps nothing of what it compiled, each of our many processes compiles it all anew.
unset PYTHONDONTWRITEBYTECODE

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}
