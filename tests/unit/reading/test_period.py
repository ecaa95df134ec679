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
            {"found": "Năm 2021", "expected": "quarterly"},
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
            {"found": "Quý I/2021", "expected": "yearly"},
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
    "words",
    [
        "9 tháng năm 2021", "Sáu tháng đầu năm 2021", "06 tháng đầu năm 2021", "6T/2021", "6T đầu năm 2021",
        "Nửa đầu năm 2021", "Quý I-III năm 2021", "Ba quý năm 2021", "Quý đầu năm 2021",
        "Năm tháng đầu năm 2021",
        "Năm 2021 (từ tháng 1 đến tháng 9)", "Mười một tháng năm 2021", "Lũy kế năm 2021",
    ],
)  # fmt: skip
def test_a_part_of_a_year_is_no_year(words: str) -> None:
    refused = ("wrong-period-kind", {"found": words, "expected": "yearly"})
    for titles, name in (
        ([f"KỲ BÁO CÁO:{words}"], "Kinh phi nam 2021.xlsx"),
        ([words], "Kinh phi 2021.xlsx"),
        ([], f"{words.replace('/', '-')}.xlsx"),
        (["Kỳ báo cáo: Năm 2021"], f"{words.replace('/', '-')}.xlsx"),
    ):
        with pytest.raises(FileRejected) as rejected:
            find_period(titles, name, "yearly")
        found = rejected.value.details["found"].replace("6T-", "6T/")
        assert (rejected.value.code, {**rejected.value.details, "found": found}) == refused


@pytest.mark.parametrize(
    "words",
    [
        "Từ tháng 01 đến tháng 03/2021", "Tháng 01-03/2021", "T1-T3/2021",
        "Từ tháng 10/2020 đến tháng 3/2021",
        "Lũy kế đến tháng 3/2021", "3 tháng đầu năm 2021", "Tháng 3 (luỹ kế)/2021",
    ],
)  # fmt: skip
def test_some_months_together_are_no_month(words: str) -> None:
    for titles, name in (
        ([f"Kỳ báo cáo: {words}"], "Chinh quyen so thang 3-2021.xlsx"),
        ([words], "Chinh quyen so thang 3-2021.xlsx"),
        (["Kỳ báo cáo: Tháng 3/2021"], f"{words.replace('/', '-')}.xlsx"),
    ):
        with pytest.raises(FileRejected) as rejected:
            find_period(titles, name, "monthly")
        assert rejected.value.code == "wrong-period-kind"


@pytest.mark.parametrize(
    ("titles", "name", "frequency", "period"),
    [
        (["Kinh phí quỹ năm 2021, quy mô cấp tỉnh"], "x.xlsx", "yearly", "2021"),
        (["Quý cơ quan báo cáo năm 2021"], "x.xlsx", "yearly", "2021"),
        (["12 tháng năm 2021"], "x.xlsx", "yearly", "2021"),
        (["Báo cáo năm 2021", "So với 9 tháng năm 2020"], "x.xlsx", "yearly", "2021"),
        (["Theo QĐ ngày 5 tháng 3 năm 2022", "Báo cáo năm 2021"], "x.xlsx", "yearly", "2021"),
        (["Kỳ báo cáo: Tháng 3/2021", "Lũy kế từ đầu năm"], "x.xlsx", "monthly", "2021-03"),
        (["Thanh Hóa, ngày 5 tháng 4 năm 2021", "Tháng 3/2021"], "x.xlsx", "monthly", "2021-03"),
        (["Kỳ báo cáo: 06 tháng đầu năm 2021"], "x.xlsx", "half-yearly", "2021-H1"),
        (["Kỳ báo cáo: Sáu tháng cuối năm 2021"], "x.xlsx", "half-yearly", "2021-H2"),
        ([], "Do thi 6T dau nam 2021.xlsx", "half-yearly", "2021-H1"),
        (["Nửa đầu năm 2021"], "x.xlsx", "half-yearly", "2021-H1"),
        (["Kỳ báo cáo: 6 tháng đầu năm"], "Do thi 6 thang dau nam 2021.xlsx", "half-yearly", "2021-H1"),
        (["Kỳ báo cáo: Quý I"], "Benh vien quy 1-2021.xlsx", "quarterly", "2021-Q1"),
        (["Quý III/2021, lũy kế từ đầu năm"], "x.xlsx", "quarterly", "2021-Q3"),
    ],
)
def test_words_beside_the_period_do_not_hide_it(
    titles: list[str], name: str, frequency: Frequency, period: str
) -> None:
    assert str(find_period(titles, name, frequency).period) == period


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
