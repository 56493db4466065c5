"""What each library makes of each file in tests/vectors/hostile/, against what ours makes of it.

Where a library accepts what ours rejects, or the other way round, verdicts.json says so; this fails when either
changes. `--write` writes verdicts.json anew: read the diff.
"""

import json
import pathlib
import subprocess

ACCEPTED = {"valid", "revoked", "not-revoked", "not-checked"}
# At today's clock: the tokens were good for a week in February 2026.
EXIT = {"invalid": 10, "valid": 11, "expired": 11, "not-yet-valid": 11, "clock-suspect": 12, "not-for-recipient": 14}


def differences(libraries, root):
    """For each library the files that it accepts and ours rejects, and the files that it rejects and ours accepts."""
    folder = root / "tests" / "vectors" / "hostile"
    index = json.loads((folder / "index.json").read_text())
    listed = [entry["file"] for entry in index["vectors"]]
    there = {path.name for path in folder.iterdir()} - {"index.json", ".gitattributes"}
    assert set(listed) == there and len(listed) == len(there), "the index and the folder differ"
    found = {name: {"accepts_too": [], "rejects_too": []} for name in libraries.names("disclosure")}
    count = 0
    for entry in index["vectors"]:
        if entry["reads"] == "contents":
            continue
        text = (folder / entry["file"]).read_text().removesuffix("\n")
        for library in libraries.names(entry["reads"]):
            count += 1
            theirs = libraries.accepts(library, entry["reads"], text, index["now"], index["audience"])
            ours = entry["verdict"] in ACCEPTED
            if theirs != ours:
                found[library]["accepts_too" if theirs else "rejects_too"].append(entry["file"])
    return found, index, count


def ours(finvault, root, index):
    """Runs the program on every token: its verdict must be the index's."""
    folder = root / "tests" / "vectors" / "hostile"
    identity = root / "tests" / "vectors" / "disclosure" / "identity.txt"
    for entry in index["vectors"]:
        if entry["reads"] != "disclosure":
            continue
        command = [finvault, "open", str(folder / entry["file"]), "--identity", str(identity)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        wanted = EXIT[entry["verdict"]]
        assert run.returncode == wanted, f"{entry['file']}: exit {run.returncode}, not {wanted}: {run.stderr}"


def table(found, index):
    """One line for each sort of failure: how many files of it ours rejects, and how many of these each library accepts."""
    names = list(found)
    sorts = {}
    for entry in index["vectors"]:
        if entry["verdict"] not in ACCEPTED and entry["reads"] != "contents":
            sorts.setdefault(entry["file"].split(".")[0].split("-")[0], []).append(entry["file"])
    width = max(map(len, sorts))
    print(f"  {'sort':{width}}  ours rejects  " + "  ".join(names))
    for sort, files in sorts.items():
        counts = [len(set(files) & set(found[name]["accepts_too"])) for name in names]
        cells = [f"{count or '.':>{len(name)}}" for count, name in zip(counts, names)]
        print(f"  {sort:{width}}  {len(files):>12}  " + "  ".join(cells))


def check(libraries, finvault, root, write):
    found, index, count = differences(libraries, root)
    path = pathlib.Path(__file__).with_name("verdicts.json")
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if write:
        path.write_text(text)
    table(found, index)
    expected = json.loads(path.read_text())
    for name in found:
        for key in found[name]:
            appeared = sorted(set(found[name][key]) - set(expected[name][key]))
            gone = sorted(set(expected[name][key]) - set(found[name][key]))
            assert not appeared and not gone, (
                f"{name}, {key}: new {appeared}, gone {gone}: if that is right, write verdicts.json anew")
    ours(finvault, root, index)
    rejected = sum(entry["verdict"] not in ACCEPTED for entry in index["vectors"])
    print(f"  {len(index['vectors'])} files, of which ours rejects {rejected}; {count} verdicts of libraries, as written down")
    for name, lists in found.items():
        print(f"  {name}: accepts {len(lists['accepts_too'])} that ours rejects, rejects {len(lists['rejects_too'])} that ours accepts")
