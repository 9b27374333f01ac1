import subprocess
import sys

LOOK = "import sys; print(len(open(sys.argv[1], 'rb').read()))"


def handler(event, context):
    """Look into a process, here and from a program that is started."""
    place = f"/proc/{event['pid']}/environ"
    try:
        with open(place, "rb") as file:  # noqa: PTH123
            here = str(len(file.read()))
    except OSError as error:
        here = type(error).__name__
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LOOK, place], capture_output=True, text=True, check=False)
    return {"here": here, "started": done.stdout.strip() or done.stderr.splitlines()[-1].partition(":")[0]}
