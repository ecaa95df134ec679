"""Good records of the feeds about economy and government, and which changes of them are faults."""

from __future__ import annotations

Record = dict[str, str | None]
Fault = tuple[str, str, str]

ACCOUNT: Record = {
    "year": "2020",
    "vintage": "sơ bộ",
    "grdp_current_vnd_bn": "189031,7",
    "grdp_constant2010_vnd_bn": "128314,1",
    "capital_stock_constant2010_vnd_bn": "271300,4",
    "employed_average_thousand": "2140,2",
    "population_average_thousand": "3664,9",
    "capital_share": "0,42",
}
ECONOMY: Record = {
    "year": "2020",
    "source": "GSO",
    "vintage": "chính thức",
    "ict_vnd_bn": "7239",
    "platform_vnd_bn": "3126",
    "sector_digitalisation_vnd_bn": "6087",
    "total_vnd_bn": "16452",
    "grdp_current_vnd_bn": "212300",
}
AGENCY: Record = {
    "agency_code": "H56.02",
    "agency_name": "Sở Nội vụ",
    "agency_level": "tỉnh",
    "procedures_total": "109",
    "procedures_full_online": "50",
    "dossiers_received": "2717",
    "dossiers_online": "1041",
    "dossiers_on_time": "2427",
    "dossiers_late": "3",
    "dossiers_pending": "287",
    "documents_sent": "3731",
    "documents_sent_electronically_signed": "1913",
    "connected_to_lgsp": "có",
    "security_level_approved": "không",
}
NOTHING_DONE: Record = {
    name: "0" for name, value in AGENCY.items() if value is not None and value.isdecimal()
}
RECORDS: dict[str, Record] = {
    "economic_accounts": ACCOUNT,
    "digital_economy": ECONOMY,
    "digital_government": AGENCY,
}
CRITICAL = "critical"
OUT, TOTAL, INCONSISTENT = "out-of-range", "inconsistent-total", "inconsistent-values"
UNLISTED, MISSING, NO_NUMBER = "not-in-list", "missing-value", "bad-number"


def fault(column: str, code: str) -> list[Fault]:
    """Return the one critical issue that a change must bring."""
    return [(column, code, CRITICAL)]


YEARS: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    ({"year": "2021"}, []),
    ({"year": "2022"}, fault("year", OUT)),
    ({"year": "1990"}, []),
    ({"year": "1989"}, fault("year", OUT)),
    ({"year": "21"}, fault("year", OUT)),
    ({"year": "2020,5"}, fault("year", NO_NUMBER)),
    ({"year": None}, fault("year", MISSING)),
    ({"vintage": "Ước tính"}, []),
    ({"vintage": "dự báo"}, fault("vintage", UNLISTED)),
    ({"vintage": None}, fault("vintage", MISSING)),
]
ACCOUNT_CASES: list[tuple[Record, list[Fault]]] = [
    *YEARS,
    *(
        ({column: value}, fault(column, OUT))
        for column in ACCOUNT
        if column.endswith(("_vnd_bn", "_thousand"))
        for value in ("0", "-1")
    ),
    ({"grdp_current_vnd_bn": "-"}, fault("grdp_current_vnd_bn", MISSING)),
    ({"grdp_current_vnd_bn": "189.031,7"}, []),
    ({"grdp_current_vnd_bn": "189.031"}, fault("grdp_current_vnd_bn", "ambiguous-number")),
    ({"employed_average_thousand": "3664,9"}, []),
    ({"employed_average_thousand": "3665,0"}, fault("employed_average_thousand", INCONSISTENT)),
    # In persons, where thousands are asked for.
    ({"employed_average_thousand": "2140200"}, fault("employed_average_thousand", INCONSISTENT)),
    *(({"capital_share": written}, []) for written in ("0", "1", "42%", "42,0%", "42,0 %")),
    *(
        ({"capital_share": written}, fault("capital_share", OUT))
        for written in ("1,01", "42", "-0,1", "142%")
    ),
]
ECONOMY_CASES: list[tuple[Record, list[Fault]]] = [
    *YEARS,
    ({"source": "mic"}, []),
    ({"source": "Sở"}, []),
    ({"source": "báo"}, fault("source", UNLISTED)),
    ({"total_vnd_bn": "16453"}, fault("total_vnd_bn", TOTAL)),
    ({"total_vnd_bn": "16451"}, fault("total_vnd_bn", TOTAL)),
    # Four figures, each rounded to one decimal by itself.
    ({"total_vnd_bn": "16452,2"}, []),
    ({"total_vnd_bn": "16451,8"}, []),
    ({"total_vnd_bn": "16452,3"}, fault("total_vnd_bn", TOTAL)),
    ({"total_vnd_bn": "16451,7"}, fault("total_vnd_bn", TOTAL)),
    ({"ict_vnd_bn": "7239,1", "platform_vnd_bn": "3126,2", "total_vnd_bn": "16452,3"}, []),
    # A part that is refused itself proves nothing of the total, nor does a total that is.
    *(
        ({column: "-1"}, fault(column, OUT))
        for column in ("ict_vnd_bn", "platform_vnd_bn", "sector_digitalisation_vnd_bn", "total_vnd_bn")
    ),
    ({"ict_vnd_bn": "-"}, fault("ict_vnd_bn", MISSING)),
    ({"ict_vnd_bn": "0", "total_vnd_bn": "9213"}, []),
    ({"grdp_current_vnd_bn": "0"}, fault("grdp_current_vnd_bn", OUT)),
    ({"grdp_current_vnd_bn": "16452"}, []),
    ({"grdp_current_vnd_bn": "16451,9"}, fault("total_vnd_bn", INCONSISTENT)),
]
GOVERNMENT_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    (NOTHING_DONE, []),
    *(({column: "-1"}, fault(column, OUT)) for column in NOTHING_DONE),
    *(
        ({whole: "5000", part: "5000", **others}, [])
        for whole, part, others in (
            ("procedures_total", "procedures_full_online", {}),
            ("dossiers_received", "dossiers_online", {"dossiers_pending": "2570"}),
            ("documents_sent", "documents_sent_electronically_signed", {}),
        )
    ),
    ({"procedures_full_online": "110"}, fault("procedures_full_online", INCONSISTENT)),
    ({"dossiers_online": "2718"}, fault("dossiers_online", INCONSISTENT)),
    (
        {"documents_sent_electronically_signed": "3732"},
        fault("documents_sent_electronically_signed", INCONSISTENT),
    ),
    *(
        ({column: str(int(AGENCY[column] or 0) + step)}, fault("dossiers_received", TOTAL))
        for column in ("dossiers_received", "dossiers_on_time", "dossiers_late", "dossiers_pending")
        for step in (1, -1)
    ),
    # Of a sum with an unreadable part nothing can be said.
    ({"dossiers_late": "ít"}, fault("dossiers_late", NO_NUMBER)),
    ({"dossiers_received": None}, fault("dossiers_received", MISSING)),
    ({"agency_level": "Huyện"}, []),
    ({"agency_level": "trung ương"}, fault("agency_level", UNLISTED)),
    ({"agency_code": None}, fault("agency_code", MISSING)),
    ({"connected_to_lgsp": None}, fault("connected_to_lgsp", MISSING)),
    ({"security_level_approved": "x"}, []),
    ({"security_level_approved": "đang làm"}, fault("security_level_approved", UNLISTED)),
]

# feed, period, what is changed in the good record, the issues (column, code, severity) that must come.
CASES: list[tuple[str, str, Record, list[Fault]]] = [
    *(("economic_accounts", "2021", change, faults) for change, faults in ACCOUNT_CASES),
    *(("digital_economy", "2021", change, faults) for change, faults in ECONOMY_CASES),
    *(("digital_government", "2021-03", change, faults) for change, faults in GOVERNMENT_CASES),
]
