"""table.py [--json] [--record=FILE] tcp|latency|relay DIR KEY=VALUE...: what
tools/compare measured, printed; FILE gets a record of it (see record.py).

DIR has `peers` (NAME DESCRIPTION, one a line), `runs` (ROUND LOAD PEER STATUS
BUSY STOLEN ALL DISTANCE, the three in hundredths of a second of the CPUs, the
last in ns from one CPU to the other and back; "idle -" where nothing ran) and,
for each run, a file ROUND.LOAD.PEER with what iperf3 -J, sockperf,
splitvif-bench or peer-relay printed. A ratio is splitvif's figure through the peer's in the same round; of
these ratios come the median and the quartiles. Exit 1 if splitvif has a run
that failed, or none.
"""
import contextlib
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys

import record

TICKS = os.sysconf("SC_CLK_TCK")
OURS = "splitvif"

TITLES = {
    "1-vm": "VM to VM, one stream", "4-vm": "VM to VM, four streams",
    "1-host": "VM to host, one stream", "4-host": "VM to host, four streams",
    "1-apart-vm": "VM to VM, one stream, each VM on a CPU of its own",
    "1-apart-host": "VM to host, one stream, each on a CPU of its own",
    "udp-apart-vm": "UDP ping-pong, VM to VM, each VM on a CPU of its own",
    "tcp-apart-vm": "TCP ping-pong, VM to VM, each VM on a CPU of its own",
    "udp-any-vm": "UDP ping-pong, VM to VM, ends where the scheduler puts them",
    "tcp-any-vm": "TCP ping-pong, VM to VM, ends where the scheduler puts them",
    "64-header": "64 bytes, header written and read",
    "1514-header": "1514 bytes, header written and read",
    "1514-whole": "1514 bytes, all of them written and read",
}

# Key, heading, format; the first one is printed with its quartiles.
METRICS = {
    "tcp": [("gbit_per_s", "Gbit/s", "{:.2f}"), ("cpu_s_per_gb", "CPU s/GB", "{:.2f}"),
            ("resent_per_gb", "resent/GB", "{:.0f}")],
    "latency": [("p50_us", "p50 us", "{:.1f}"), ("p99_us", "p99 us", "{:.1f}")],
    "relay": [("mpps", "Mpps", "{:.2f}"), ("lost_ppm", "lost/1e6", "{:.0f}"),
              ("apart_ns", "apart ns", "{:.0f}")],
}
WITHOUT_RATIO = {"resent_per_gb", "lost_ppm", "apart_ns"}

NOTES = {
    "tcp": "More Gbit/s is better.\nCPU s/GB: user, system and interrupt time of these CPUs, "
           "of all that runs (iperf3 and those others, too); less is better.",
    "latency": "Round trips of 14 bytes, as sockperf sees them. Less is better.",
    "relay": "More Mpps, millions of frames a second, is better.\nSender and sink are one thread "
             "on one CPU, the switch is on the other; apart ns: what a cache\nline took from the "
             "one CPU to the other and back, just before.",
}
VERSIONS = {"iperf3": ["iperf3", "-v"], "sockperf": ["sockperf", "--version"],
            "dpdk": ["peer-relay", "--version"],
            "ovs": ["/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk", "--version"]}
TOOLS = {"tcp": ["iperf3"], "latency": ["sockperf"], "relay": ["dpdk", "ovs"]}


def tcp_metrics(text, busy):
    output = json.loads(text)
    if "error" in output:  # it exits with 0 all the same
        raise ValueError(output["error"])
    end = output["end"]
    received = end["sum_received"]
    gigabytes = received["bytes"] / 1e9
    return {"gbit_per_s": received["bits_per_second"] / 1e9,
            "cpu_s_per_gb": busy / TICKS / gigabytes,
            "resent_per_gb": end["sum_sent"].get("retransmits", 0) / gigabytes}


def latency_metrics(text, busy):
    found = {float(percentile): float(value) for percentile, value in
             re.findall(r"percentile +([0-9.]+) = +([0-9.]+)", text)}
    return {"p50_us": found[50.0], "p99_us": found[99.0]}


def relay_metrics(text, busy):
    output = json.loads(text)
    row = output.get("results", [output])[0]
    return {"mpps": row["mpps"], "lost_ppm": 1e6 * row.get("missing", 0) / row.get("sent", 1)}


def read_output(path, extract, busy, distance):
    """Its metrics; None, and a line that says so, if it holds no figures."""
    with open(path) as output:
        text = output.read()
    try:
        return extract(text, busy) | {"apart_ns": float(distance)}
    except (ValueError, KeyError, ZeroDivisionError) as reason:
        print(f"compare: no figures in round.load.peer {os.path.basename(path)}: {reason!r}",
              file=sys.stderr)
        return None


def read_runs(directory, mode):
    """{(load, peer): {round: metrics, or None where the run failed}}, idle rows."""
    extract = {"tcp": tcp_metrics, "latency": latency_metrics, "relay": relay_metrics}[mode]
    runs, idle = {}, []
    with open(os.path.join(directory, "runs")) as lines:
        for line in lines:
            number, load, peer, status, *cost, distance = line.split()
            busy, stolen, total = map(int, cost)
            if load == "idle":
                idle.append((busy, stolen, total))
                continue
            metrics = None if status != "0" else read_output(
                os.path.join(directory, f"{number}.{load}.{peer}"), extract, busy, distance)
            runs.setdefault((load, peer), {})[int(number)] = metrics
    return runs, idle


def summary(values):
    if len(values) < 2:
        low = high = values[0]
    else:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "q1": low, "q3": high, "values": values}


def ratios(ours, theirs, key):
    both = [number for number in sorted(theirs) if theirs[number] and ours.get(number)]
    found = [ours[n][key] / theirs[n][key] for n in both if theirs[n][key]]
    return summary(found) if found else None


def result_of(load, source, peer, by_round, ours, mode):
    good = [by_round[number] for number in sorted(by_round) if by_round[number]]
    result = {"load": load, "peer": peer, "measured": source, "runs": len(by_round),
              "failed": len(by_round) - len(good)}
    for key, _, _ in METRICS[mode] if good else ():
        result[key] = summary([metrics[key] for metrics in good])
        if peer != OURS and key not in WITHOUT_RATIO:
            result[key]["ratio"] = ratios(ours, by_round, key)
    return result


def results_of(runs, peers, mode):
    """A peer that connects no two VMs stands among those that do with what it
    gives to the host: the nearest that its user gets."""
    results = []
    for load in [load for load in TITLES if (load, OURS) in runs]:
        ours = runs.get((load, OURS), {})
        for peer in peers:
            nearest = load.replace("-vm", "-host")
            source = load if (load, peer) in runs else nearest
            if (source, peer) in runs:
                results.append(result_of(load, source, peer, runs[source, peer], ours, mode))
    return results


def version(*command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=5)
        lines = (run.stdout + run.stderr).splitlines()
    except OSError:
        return "absent"
    # Their first line is a name and a version, some with colours around it.
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[0]).strip() if lines else "unknown"


def host(mode):
    with open("/proc/cpuinfo") as lines:
        model = re.search(r"^model name\s*: *(.*)", lines.read(), re.M)
    return {"cpu": model.group(1) if model else platform.machine(),
            "kernel": platform.release(), "splitvif": version("splitvifd", "-V"),
            **{tool: version(*VERSIONS[tool]) for tool in TOOLS[mode]}}


def quiet(idle):
    """Percent of the CPUs that others took while nothing ran: median over rounds."""
    return {name: round(statistics.median(100 * row[i] / max(row[2], 1) for row in idle), 1)
            for i, name in ((0, "busy_percent"), (1, "stolen_percent"))}


def quartiles(entry, form):
    return f"{form.format(entry['q1'])}-{form.format(entry['q3'])}"


def cells(result, mode):
    for place, (key, _, form) in enumerate(METRICS[mode]):
        entry = result[key]
        yield form.format(entry["median"])
        if place == 0:
            yield quartiles(entry, form)
        if key in WITHOUT_RATIO:
            continue
        ratio = entry.get("ratio")
        yield f"{ratio['median']:.2f}" if ratio else ""
        if place == 0:
            yield quartiles(ratio, "{:.2f}") if ratio else ""


def headings(mode):
    for place, (key, heading, _) in enumerate(METRICS[mode]):
        yield heading
        if place == 0:
            yield "quartiles"
        if key not in WITHOUT_RATIO:
            yield "ratio"
        if place == 0:
            yield "quartiles"


def label(result, peers):
    text = peers[result["peer"]]
    if result["measured"] != result["load"]:
        text += " *"
    if result["failed"]:
        text += f" ({result['failed']} of {result['runs']} failed)"
    return text


def print_table(report, peers):
    mode, machine, said = report["mode"], report["host"], report["options"]
    idle = report["idle"]
    tools = "; ".join(machine[tool] for tool in TOOLS[mode])
    print(f"{machine['splitvif']}; {tools}; Linux {machine['kernel']}; CPUs {said['cpus']} "
          f"of {machine['cpu']}")
    print(f"{said['rounds']} rounds of {said['seconds']} s a run, random order (seed "
          f"{said['seed']}); before the rounds others\n"
          f"kept these CPUs busy for {idle['busy_percent']} % (median), and the machine's host "
          f"stole {idle['stolen_percent']} %.")
    print("ratio: splitvif's figure / the peer's in the same round.", NOTES[mode])
    rows = [("", list(headings(mode)))]
    for load in dict.fromkeys(result["load"] for result in report["results"]):
        rows.append((TITLES[load], None))
        for result in report["results"]:
            if result["load"] == load:
                rows.append(("  " + label(result, peers),
                             list(cells(result, mode)) if METRICS[mode][0][0] in result else []))
    widths = [max(len(row[1][i]) for row in rows if row[1]) for i in range(len(rows[0][1]))]
    first = max(len(name) for name, _ in rows)
    for name, texts in rows:
        if texts is None:
            print(f"\n{name}")
        else:
            print("  ".join([name.ljust(first)] +
                            [text.rjust(width) for text, width in zip(texts, widths)]).rstrip())


def print_legend(results):
    if any(result["measured"] != result["load"] for result in results):
        print("\n* connects no two VMs: from VM to host instead")


def table_of(report, peers):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        print_table(report, peers)
        print_legend(report["results"])
    return text.getvalue()


def keep(path, report, text, runs):
    keys = [key for key, _, _ in METRICS[report["mode"]] if key != "apart_ns"]
    try:
        record.write(path, report, text, runs, keys)
    except (OSError, ValueError) as reason:
        sys.exit(f"compare: no record: {path}: {reason}")


def main():
    flags = [word for word in sys.argv[1:] if word.startswith("--")]
    mode, directory, *options = [word for word in sys.argv[1:] if not word.startswith("--")]
    with open(os.path.join(directory, "peers")) as lines:
        peers = dict(line.rstrip("\n").split(" ", 1) for line in lines)
    runs, idle = read_runs(directory, mode)
    report = {"mode": mode, "host": host(mode), "idle": quiet(idle),
              "options": dict(word.split("=", 1) for word in options),
              "results": results_of(runs, peers, mode)}
    text = table_of(report, peers)
    print(json.dumps(report, indent=1) + "\n" if "--json" in flags else text, end="")
    for flag in flags:
        if flag.startswith("--record="):
            keep(flag.partition("=")[2], report, text, runs)
    ours = [result for result in report["results"] if result["peer"] == OURS]
    sys.exit(not ours or any(result["failed"] for result in ours))


main()
