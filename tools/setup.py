"""Sets up `.venv`: the core and the stacks asked for, pinned by constraints.txt. Standard library only.

    python3.11 tools/setup.py [--dev] [--stacks keras-jax torch]

Says what it will take first; resumes after an interruption (pip keeps what it downloaded); does nothing the second time. A stack that
was installed stays installed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "catedra-setup.json"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
CORE_MB, DEV_MB = 930, 180
STACK_MB = {
    "keras-jax": 420, "keras-tf": 1710, "keras-torch": 950, "torch": 910, "jax": 490, "llm": 1900, "rl": 950, "serving": 400, "scale": 350,
}  # fmt: skip
SUPPORTED = (3, 11)


def main() -> int:
    """Set up what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    parser.add_argument("--stacks", nargs="*", default=["keras-jax"], choices=list(STACK_MB))
    asked = parser.parse_args()
    if sys.version_info[:2] != SUPPORTED:
        wanted = ".".join(map(str, SUPPORTED))
        print(
            f"Cátedra se probó con Python {wanted}; este es {sys.version.split()[0]}.\n"
            f"Instalá Python {wanted} y repetí: make setup PYTHON=python{wanted}",
            file=sys.stderr,
        )
        return 2
    done = _read_stamp()
    extras = sorted({*asked.stacks, *done.get("extras", []), *(["dev"] if asked.dev else [])})
    wanted = {"extras": extras, "digest": _digest()}
    if done == wanted:
        return 0
    missing = [name for name in extras if done.get("digest") != wanted["digest"] or name not in done.get("extras", [])]
    size = sum(DEV_MB if name == "dev" else STACK_MB[name] for name in missing) + (0 if done else CORE_MB)
    free = shutil.disk_usage(ROOT).free // 2**20
    print(
        f"Preparando {VENV.name}/ con {', '.join(extras)}: unos {size} MB de disco y de 1 a 5 minutos según la red.", flush=True
    )
    if free < size * 1.3:
        print(
            f"No alcanza el disco: hay {free} MB libres y hacen falta unos {int(size * 1.3)}. Liberá espacio y repetí.",
            file=sys.stderr,
        )
        return 2
    start = time.monotonic()
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        _run([sys.executable, "-m", "venv", str(VENV)])
    STAMP.unlink(missing_ok=True)
    command = [str(BIN / "python"), "-m", "pip", "install", "--disable-pip-version-check", "-c", "constraints.txt"]
    if os.environ.get("TORCH_INDEX"):
        command += ["--extra-index-url", os.environ["TORCH_INDEX"]]
    _run([*command, "-e", f".[{','.join(extras)}]"])
    STAMP.write_text(json.dumps(wanted))
    print(f"Listo en {time.monotonic() - start:.0f} s.", flush=True)
    return 0


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _digest() -> str:
    """Of what decides the environment: its pins, its extras and the interpreter."""
    text = (ROOT / "constraints.txt").read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()
    return hashlib.sha256(text).hexdigest()


def _read_stamp() -> dict[str, object]:
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(
            "\nLa instalación no terminó. Lo descargado queda guardado: revisá la red y repetí el mismo comando, que sigue desde ahí.",
            file=sys.stderr,
        )
        sys.exit(error.returncode or 1)
    except KeyboardInterrupt:
        print("\nInterrumpido; repetí el mismo comando y sigue desde ahí.", file=sys.stderr)
        sys.exit(130)
