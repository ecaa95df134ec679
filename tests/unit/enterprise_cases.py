"""Good records of the feeds about enterprises and research, and which changes of them are faults."""

from __future__ import annotations

Record = dict[str, str | None]
Fault = tuple[str, str, str]

ST_ENTERPRISE: Record = {
    "tax_code": "2898437597",
    "enterprise_name": "Công ty Cổ phần Mẫu",
    "commune_code": "14755",
    "certificate_no": "01/DNKHCN",
    "certified_on": "12/06/2018",
    "revoked_on": None,
    "field": "Y dược",
    "revenue_vnd_m": "1000",
    "st_revenue_vnd_m": "300",
    "employees": "20",
    "rd_spending_vnd_m": "50,5",
}
SOFTWARE_ENTERPRISE: Record = {
    "tax_code": "2891905937-001",
    "enterprise_name": "Công ty TNHH Mẫu",
    "kind": "phần mềm",
    "incubator": "Trường Đại học Hồng Đức",
    "incubated_on": "15/10/2019",
    "graduated_on": None,
    "operating": "có",
    "revenue_vnd_m": "2439,2",
    "employees": "12",
}
ORGANISATION: Record = {
    "organisation_code": "TC001",
    "organisation_name": "Trường Đại học Hồng Đức",
    "organisation_kind": "trường",
    "headcount": "100",
    "fte": "40,5",
    "researchers": "80",
    "technicians": "15",
    "support": "5",
    "doctors": "10",
    "masters": "20",
}
TASK: Record = {
    "task_code": "NV.001",
    "title": "Nghiên cứu mẫu",
    "field": "Y dược",
    "level": "tỉnh",
    "lead_organisation": "Viện Nông nghiệp Thanh Hóa",
    "lead_is_enterprise": "không",
    "started_on": "22/09/2018",
    "accepted_on": "14/12/2020",
    "applied_on": "30/01/2021",
    "transfer_contract_no": "02/HĐCG",
    "transfer_value_vnd_m": "510,5",
    "budget_state_vnd_m": "3049,6",
    "budget_enterprise_vnd_m": "0",
}
RECORDS: dict[str, Record] = {
    "st_enterprises": ST_ENTERPRISE,
    "software_enterprises": SOFTWARE_ENTERPRISE,
    "rd_personnel": ORGANISATION,
    "research_transfer": TASK,
}

_CRITICAL, _WARNING = "critical", "warning"
_OUT, _MISSING, _FUTURE = "out-of-range", "missing-value", "future-date"
_BAD, _INCONSISTENT = "bad-format", "inconsistent-values"
_OLD: Record = {"certified_on": "13/06/2016", "st_revenue_vnd_m": "299,9"}
"""Certified five years and a day before the second quarter of 2021 ends, on 14 June; under 30 % of 1,000."""


def _negative(*columns: str) -> list[tuple[Record, list[Fault]]]:
    return [({column: "-1"}, [(column, _OUT, _CRITICAL)]) for column in columns]


def _tax_codes(branch: str) -> list[tuple[Record, list[Fault]]]:
    wrong: list[Fault] = [("tax_code", _BAD, _CRITICAL)]
    return [
        ({"tax_code": f"2893798906{branch}"}, []),
        ({"tax_code": f"2893798907{branch}"}, wrong),
        ({"tax_code": f"289379890{branch}"}, wrong),
        ({"tax_code": "2893798906001"}, wrong),
        ({"tax_code": "2893798906-01"}, wrong),
        ({"tax_code": None}, [("tax_code", _MISSING, _CRITICAL)]),
    ]


_ST_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    *_tax_codes(""),
    ({"commune_code": "19999"}, [("commune_code", "unknown-commune", _CRITICAL)]),
    ({"certificate_no": None}, [("certificate_no", _MISSING, _CRITICAL)]),
    *_negative("employees", "rd_spending_vnd_m"),
    ({"revenue_vnd_m": "0", "st_revenue_vnd_m": "0", "employees": "0", "rd_spending_vnd_m": "0"}, []),
    ({"st_revenue_vnd_m": "-1"}, [("st_revenue_vnd_m", _OUT, _CRITICAL)]),
    (
        {"revenue_vnd_m": "-1", "st_revenue_vnd_m": "-2"},
        [("revenue_vnd_m", _OUT, _CRITICAL), ("st_revenue_vnd_m", _OUT, _CRITICAL)],
    ),
    ({"st_revenue_vnd_m": "1000"}, []),
    ({"st_revenue_vnd_m": "1000,1"}, [("st_revenue_vnd_m", _INCONSISTENT, _CRITICAL)]),
    ({"certified_on": "10/07/2021"}, []),
    ({"certified_on": "11/07/2021"}, [("certified_on", _FUTURE, _CRITICAL)]),
    ({"revoked_on": "10/07/2021"}, []),
    ({"revoked_on": "11/07/2021"}, [("revoked_on", _FUTURE, _CRITICAL)]),
    ({"revoked_on": "12/06/2018"}, []),
    ({"revoked_on": "11/06/2018"}, [("revoked_on", _INCONSISTENT, _WARNING)]),
    (_OLD, [("st_revenue_vnd_m", _OUT, _WARNING)]),
    ({**_OLD, "st_revenue_vnd_m": "300"}, []),
    ({**_OLD, "certified_on": "14/06/2016"}, []),
    ({**_OLD, "revenue_vnd_m": "0", "st_revenue_vnd_m": "0"}, []),
]
_SOFTWARE_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    *_tax_codes("-001"),
    ({"kind": "thương mại"}, [("kind", "not-in-list", _CRITICAL)]),
    ({"kind": "Nội dung số"}, []),
    ({"operating": None}, [("operating", _MISSING, _CRITICAL)]),
    *_negative("revenue_vnd_m", "employees"),
    ({"revenue_vnd_m": "0", "employees": "0"}, []),
    ({"incubated_on": "10/07/2021"}, []),
    ({"incubated_on": "11/07/2021"}, [("incubated_on", _FUTURE, _CRITICAL)]),
    ({"graduated_on": "10/07/2021"}, []),
    ({"graduated_on": "11/07/2021"}, [("graduated_on", _FUTURE, _CRITICAL)]),
    ({"graduated_on": "15/10/2019"}, []),
    ({"graduated_on": "14/10/2019"}, [("graduated_on", _INCONSISTENT, _WARNING)]),
]
_TOTAL: Fault = ("headcount", "inconsistent-total", _CRITICAL)
_ORGANISATION_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    ({"organisation_kind": "hợp tác xã"}, [("organisation_kind", "not-in-list", _CRITICAL)]),
    *_negative("fte", "doctors", "masters"),
    (dict.fromkeys(("headcount", "fte", "researchers", "technicians", "support"), "0"), []),
    ({"researchers": "-1", "support": "86"}, [("researchers", _OUT, _CRITICAL)]),
    ({"technicians": "-1", "support": "21"}, [("technicians", _OUT, _CRITICAL)]),
    ({"support": "-1", "technicians": "21"}, [("support", _OUT, _CRITICAL)]),
    (
        {"headcount": "-1", "fte": "-2", "researchers": "-21"},
        [
            ("headcount", _OUT, _CRITICAL),
            ("fte", _OUT, _CRITICAL),
            ("researchers", _OUT, _CRITICAL),
        ],
    ),
    ({"fte": "100"}, []),
    ({"fte": "100,1"}, [("fte", _INCONSISTENT, _CRITICAL)]),
    ({"headcount": "101"}, [_TOTAL]),
    ({"support": "4"}, [_TOTAL]),
    # What is missing leaves no total to compare.
    ({"researchers": None}, [("researchers", _MISSING, _CRITICAL)]),
    ({"headcount": None}, [("headcount", _MISSING, _CRITICAL)]),
]
_TASK_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    (
        dict.fromkeys(("accepted_on", "applied_on", "transfer_contract_no", "transfer_value_vnd_m")),
        [],
    ),
    ({"level": "huyện"}, [("level", "not-in-list", _CRITICAL)]),
    ({"title": None}, [("title", _MISSING, _CRITICAL)]),
    ({"lead_is_enterprise": None}, [("lead_is_enterprise", _MISSING, _CRITICAL)]),
    *_negative("transfer_value_vnd_m", "budget_state_vnd_m", "budget_enterprise_vnd_m"),
    (dict.fromkeys(("transfer_value_vnd_m", "budget_state_vnd_m", "budget_enterprise_vnd_m"), "0"), []),
    (
        {"started_on": "11/07/2021", "accepted_on": None, "applied_on": None},
        [("started_on", _FUTURE, _WARNING)],
    ),
    (dict.fromkeys(("started_on", "accepted_on", "applied_on"), "10/07/2021"), []),
    ({"accepted_on": "11/07/2021"}, [("accepted_on", _FUTURE, _CRITICAL)]),
    ({"applied_on": "11/07/2021"}, [("applied_on", _FUTURE, _CRITICAL)]),
    ({"accepted_on": "21/09/2018"}, [("accepted_on", _INCONSISTENT, _WARNING)]),
    ({"applied_on": "21/09/2018"}, [("applied_on", _INCONSISTENT, _WARNING)]),
]

CASES: list[tuple[str, str, Record, list[Fault]]] = [
    *(("st_enterprises", "2021-Q2", change, expected) for change, expected in _ST_CASES),
    ("st_enterprises", "2025-Q3", {}, [("commune_code", "unknown-commune", _CRITICAL)]),
    *(("software_enterprises", "2021-Q2", change, expected) for change, expected in _SOFTWARE_CASES),
    *(("rd_personnel", "2021", change, expected) for change, expected in _ORGANISATION_CASES),
    *(("research_transfer", "2021-Q2", change, expected) for change, expected in _TASK_CASES),
]
"""Feed, period, what is changed in the good record, the issues (column, code, severity) that must come."""
