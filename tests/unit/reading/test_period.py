"""Which period a file reports on, and whether it is a correction."""

from __future__ import annotations

import pytest

from dxpipeline.periods import Frequency
from dxpipeline.reading.model import FileRejected
from dxpipeline.reading.period import find_period, says_correction


@pytest.mark.parametrize(
    ("titles", "name", "frequency", "period", "source"),
    [
        (["Kỳ báo cáo: Quý I/2021"], "x.xlsx", "quarterly", "2021-Q1", "title"),
        (["KỲ BÁO CÁO : quý 2 năm 2021", "Ban hành quý IV/2019"], "x.xlsx", "quarterly", "2021-Q2", "title"),
        (["Ngày 30 tháng 9 năm 2020", "Kỳ báo cáo: Tháng 3/2021"], "x.xlsx", "monthly", "2021-03", "title"),
        (["Báo cáo quý III năm 2021"], "bao cao.xlsx", "quarterly", "2021-Q3", "title"),
        (["Báo cáo quý III năm 2021"], "bao cao quy 3-2021.xlsx", "quarterly", "2021-Q3", "title"),
        (["Kỳ báo cáo: ........"], "tram_y_te_2021-Q2.csv", "quarterly", "2021-Q2", "name"),
        ([], "tram_y_te_2021-Q2.csv", "quarterly", "2021-Q2", "name"),
        ([], "Kinh te so nam 2023.xlsx", "yearly", "2023", "name"),
        (["Kỳ báo cáo: Năm 2023"], "x.xlsx", "yearly", "2023", "title"),
        (["Theo QĐ 176/QĐ-UBND ngày 10/01/2022"], "nam 2023.xlsx", "yearly", "2023", "name"),
        (["Kỳ báo cáo: 6 tháng đầu năm 2021"], "x.xlsx", "half-yearly", "2021-H1", "title"),
        ([], "gop_y_du_thao_2021.csv", "yearly", "2021", "name"),
        (["Kỳ báo cáo: Năm 2021"], "Kinh phi 2021 (sua 2022).xlsx", "yearly", "2021", "title"),
        (["Kỳ báo cáo: Năm 2021"], "Kinh phi theo QD 176-2022.xlsx", "yearly", "2021", "title"),
        ([], "Kinh phi 2021-2025 nam 2023.xlsx", "yearly", "2023", "name"),
        ([], "chinh_quyen_so_2021-04.csv", "monthly", "2021-04", "name"),
        (["Kỳ báo cáo: Quý I/2021"], "bao cao thang 3-2021.xlsx", "quarterly", "2021-Q1", "title"),
    ],
)
def test_period(titles: list[str], name: str, frequency: Frequency, period: str, source: str) -> None:
    found = find_period(titles, name, frequency)
    assert (str(found.period), found.source) == (period, source)


@pytest.mark.parametrize(
    ("titles", "name", "frequency", "code", "details"),
    [
        ([], "bao cao.xlsx", "quarterly", "no-period", {}),
        ([], "gop_y_du_thao_2021.csv", "quarterly", "no-period", {}),
        ([], "Kinh phi 2021-2025.xlsx", "yearly", "no-period", {}),
        ([], "Kinh phi theo QD 176-2022.xlsx", "yearly", "no-period", {}),
        ([], "Kinh phi 30-12-2021.xlsx", "yearly", "no-period", {}),
        (
            ["Kỳ báo cáo: Năm 2021"],
            "Kinh phi 2022.xlsx",
            "yearly",
            "contradicting-periods",
            {"title": "Năm 2021", "name": "Năm 2022"},
        ),
        (["Thanh Hóa, ngày 30 tháng 3 năm 2021"], "20210330 bao cao.xlsx", "monthly", "no-period", {}),
        (
            ["Kỳ báo cáo: Quý I/2021"],
            "bao cao quy 2-2021.xlsx",
            "quarterly",
            "contradicting-periods",
            {"title": "Quý I/2021", "name": "Quý II/2021"},
        ),
        (
            ["Báo cáo Quý I/2021", "So với Quý IV/2020"],
            "x.xlsx",
            "quarterly",
            "contradicting-periods",
            {"title": "Quý I/2021, Quý IV/2020", "name": ""},
        ),
        (
            ["Kỳ báo cáo: Năm 2021"],
            "x.xlsx",
            "quarterly",
            "wrong-period-kind",
            {"found": "nam 2021", "expected": "quarterly"},
        ),
        (
            [],
            "bao cao quy 2-2021.xlsx",
            "yearly",
            "wrong-period-kind",
            {"found": "bao cao quy 2-2021", "expected": "yearly"},
        ),
        (
            ["Kỳ báo cáo: Quý I/2021"],
            "x.xlsx",
            "yearly",
            "wrong-period-kind",
            {"found": "quy i 2021", "expected": "yearly"},
        ),
    ],
)
def test_no_usable_period(
    titles: list[str], name: str, frequency: Frequency, code: str, details: dict[str, str]
) -> None:
    with pytest.raises(FileRejected) as rejected:
        find_period(titles, name, frequency)
    assert (rejected.value.code, rejected.value.details) == (code, details)


@pytest.mark.parametrize(
    ("titles", "name", "correction"),
    [
        ([], "BC quy 2 (dinh chinh).xlsx", True),
        ([], "Bản THAY THẾ quý 2.xlsx", True),
        (["Báo cáo đính chính"], "x.xlsx", True),
        (["Báo cáo"], "gui lai.xlsx", False),
        ([], "thay theo.xlsx", False),
    ],
)
def test_corrections_say_so(titles: list[str], name: str, correction: bool) -> None:
    assert says_correction(titles, name) is correction
