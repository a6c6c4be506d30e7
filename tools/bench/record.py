"""The dated record of a comparison, as tools/compare --record FILE keeps it.

FILE (Markdown) gets, in place of what stood there for the same mode, the date,
the command, what was measured, and the table. Every run is kept in
STEM/MODE.tsv beside it, of which STEM/plot.gnuplot, if it is there, draws
STEM/MODE.svg.

record.py FILE MODE KEY=VALUE... <TEXT: the same of a mode that has no table of
runs.
"""
import datetime
import os
import subprocess
import sys

HEADS = {"tcp": "TCP between VMs", "latency": "Latency between VMs", "relay": "Bare frames",
         "alone": "splitvif alone"}


def revision():
    """Of the source that this lies in; None if it is not git's."""
    run = subprocess.run(["git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe",
                          "--always", "--dirty", "--exclude=*"], capture_output=True, text=True)
    return run.stdout.strip() or None


def command_of(report):
    said = report["options"]
    words = ["tools/compare", report["mode"]]
    for word in ("rounds", "seconds", "seed", "peers", "loads"):
        words += [f"--{word}", said[word]] if said.get(word) else []
    return " ".join(words)


def section(report, text, picture):
    mode, source = report["mode"], revision()
    lines = [f"<!-- {mode} -->", f"## {HEADS[mode]}", "",
             f"{datetime.date.today()}" + (f", at {source}" if source else "") +
             f": `{command_of(report)}` printed", "", "```", text.rstrip("\n"), "```", ""]
    if picture:
        lines += [f"![Every run, and the quartiles of each peer]({picture})", ""]
    return "\n".join(lines + [f"<!-- end of {mode} -->", ""])


def replaced(old, mode, new):
    start, end = f"<!-- {mode} -->\n", f"<!-- end of {mode} -->\n"
    before, found, rest = old.partition(start)
    if not found:
        return old + ("\n" if old else "") + new
    if end not in rest:
        raise ValueError(f"no line '{end.strip()}' after '{start.strip()}'")
    return before + new + rest.partition(end)[2]


def keep_runs(path, report, runs, keys):
    """In the order of the table."""
    with open(path, "w") as out:
        print("round", "load", "peer", "apart_ns", *keys, sep="\t", file=out)
        for load, peer in dict.fromkeys((row["measured"], row["peer"]) for row in report["results"]):
            for number, metrics in sorted(runs[load, peer].items()):
                if metrics:
                    print(number, load, peer, *(f"{metrics[key]:g}" for key in ("apart_ns", *keys)),
                          sep="\t", file=out)


def draw(directory, mode):
    """Whether there is a picture now."""
    script = os.path.join(directory, "plot.gnuplot")
    if not os.path.exists(script):
        return False
    try:
        return subprocess.run(["gnuplot", "-c", script, mode]).returncode == 0
    except FileNotFoundError:
        print("compare: no picture is drawn: gnuplot is not installed; try --install",
              file=sys.stderr)
        return False


def put(path, mode, new):
    old = ""
    if os.path.exists(path):
        with open(path) as file:
            old = file.read()
    whole = replaced(old, mode, new)
    with open(path, "w") as file:
        file.write(whole)


def write(path, report, text, runs, keys):
    mode = report["mode"]
    stem = os.path.splitext(path)[0]
    os.makedirs(stem, exist_ok=True)
    keep_runs(os.path.join(stem, f"{mode}.tsv"), report, runs, keys)
    picture = os.path.join(os.path.basename(stem), f"{mode}.svg") if draw(stem, mode) else None
    put(path, mode, section(report, text, picture))


def main():
    path, mode, *options = sys.argv[1:]
    report = {"mode": mode, "options": dict(word.split("=", 1) for word in options)}
    try:
        put(path, mode, section(report, sys.stdin.read(), None))
    except (OSError, ValueError) as reason:
        sys.exit(f"compare: no record: {path}: {reason}")


if __name__ == "__main__":
    main()
