"""The Vietnamese views show what the marts hold, under Vietnamese headings and in Vietnamese words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from dxpipeline.indicators.refresh import refresh

Submit = Callable[..., int]

YES_NO = {True: "Có", False: "Không"}
LEVELS = {"none": "Chưa", "basic": "Cơ bản", "advanced": "Nâng cao"}

# Heading → column of the base view, and the words in which its values are told.
VIEWS: dict[tuple[str, str], dict[str, tuple[str, dict[Any, str]]]] = {
    ("v_benh_vien_thong_minh", "smart_hospital"): {
        "Kỳ báo cáo": ("period", {}),
        "Ngày cuối kỳ": ("period_end_on", {}),
        "Mã CSKCB": ("hospital_code", {}),
        "Tên bệnh viện": ("hospital_name", {}),
        "Tuyến": ("hospital_tier", {"provincial": "Tỉnh", "district": "Huyện"}),
        "Mức ứng dụng CNTT (1-7)": ("it_level", {}),
        "Bệnh viện thông minh": ("is_smart", YES_NO),
        "Hạ tầng CNTT (1-7)": ("infrastructure_level", {}),
        "HIS (1-7)": ("his_level", {}),
        "LIS": ("lis_level", LEVELS),
        "RIS-PACS": ("ris_pacs_level", LEVELS),
        "Bệnh án điện tử (EMR)": ("emr_level", LEVELS),
        "An toàn, bảo mật thông tin": ("security_met", YES_NO),
        "Ngày bỏ bệnh án giấy": ("paperless_on", {}),
        "Ngày đánh giá": ("assessed_on", {}),
    },
    ("v_tram_y_te", "health_station"): {
        "Kỳ báo cáo": ("period", {}),
        "Ngày cuối kỳ": ("period_end_on", {}),
        "Mã trạm": ("station_code", {}),
        "Tên cơ sở": ("station_name", {}),
        "Mã xã": ("commune_code", {}),
        "Tên xã": ("commune_name", {}),
        "Loại đơn vị hành chính": ("commune_type", {}),
        "Tên huyện": ("district_name", {}),
        "Có hệ thống hồ sơ SKĐT": ("has_ehr_system", YES_NO),
        "Phần mềm": ("software_name", {}),
        "Dân số quản lý (người)": ("population_managed", {}),
        "Số hồ sơ đã lập": ("records_created", {}),
        "Số hồ sơ cập nhật trong kỳ": ("records_updated", {}),
        "Hồ sơ đã lập trên dân số (%)": ("records_created_pct", {}),
    },
    ("v_bang_rong_xa", "broadband_commune"): {
        "Kỳ báo cáo": ("period", {}),
        "Ngày cuối kỳ": ("period_end_on", {}),
        "Mã xã": ("commune_code", {}),
        "Tên xã": ("commune_name", {}),
        "Loại đơn vị hành chính": ("commune_type", {}),
        "Tên huyện": ("district_name", {}),
        "Số thôn, bản, tổ dân phố": ("villages_total", {}),
        "Số thôn có cáp quang": ("villages_fixed_broadband", {}),
        "Số thôn phủ sóng 4G": ("villages_4g", {}),
        "Số thôn phủ sóng 5G": ("villages_5g", {}),
        "Số hộ": ("households_total", {}),
        "Số hộ dùng Internet cáp quang": ("households_fixed_broadband", {}),
        "Hộ dùng Internet cáp quang (%)": ("households_fixed_broadband_pct", {}),
        "Doanh nghiệp cung cấp": ("carriers", {}),
        "Được phủ băng rộng": ("covered", YES_NO),
        "Được phủ (định nghĩa chặt)": ("covered_strict", YES_NO),
        "Được phủ (định nghĩa rộng)": ("covered_loose", YES_NO),
    },
    ("v_chi_tieu", "fct_indicator_value"): {
        "Mã chỉ tiêu": ("indicator_code", {}),
        "Kỳ báo cáo": ("period", {}),
        "Ngày cuối kỳ": ("period_end_on", {}),
        "Mã địa bàn": ("geography_code", {}),
        "Loại số liệu": (
            "vintage",
            {"reported": "Báo cáo", "estimate": "Ước tính", "preliminary": "Sơ bộ", "final": "Chính thức"},
        ),
        "Tử số": ("numerator", {}),
        "Mẫu số": ("denominator", {}),
        "Giá trị": ("value", {}),
    },
    ("v_ke_hoach", "target_progress"): {
        "Mã văn bản": ("document_code", {}),
        "Mã chỉ tiêu": ("indicator_code", {}),
        "Tên chỉ tiêu": ("name_vi", {}),
        "Mã địa bàn": ("geography_code", {}),
        "Đơn vị tính": ("unit_vi", {}),
        "Yêu cầu": ("direction", {"at_least": "Ít nhất", "at_most": "Nhiều nhất"}),
        "Mức phải đạt": ("target_value", {}),
        "Năm phải đạt": ("target_year", {}),
        "Giá trị gốc": ("baseline_value", {}),
        "Năm gốc": ("baseline_year", {}),
        "Kỳ mới nhất": ("period", {}),
        "Giá trị mới nhất": ("value", {}),
        "Tình trạng": (
            "status",
            {
                "reached": "Đạt",
                "not_reached": "Chưa đạt",
                "no_data": "Chưa có số liệu",
                "no_target": "Không nêu số",
            },
        ),
        "Phần đường đã đi (%)": ("progress_pct", {}),
        "Còn phải đi": ("distance", {}),
        "Nhịp cần có mỗi năm": ("required_pace", {}),
        "Nhịp thực tế mỗi năm": ("observed_pace", {}),
        "Dự báo": ("projected_value", {}),
        "Cận dưới": ("projected_low", {}),
        "Cận trên": ("projected_high", {}),
        "Nhận định": (
            "verdict",
            {
                "reached": "Đạt",
                "on_track": "Đúng nhịp",
                "at_risk": "Có nguy cơ",
                "out_of_reach": "Ngoài tầm",
                "no_data": "Chưa nói được",
            },
        ),
    },
}
FROM_THE_DIMENSIONS = {
    "v_chi_tieu": {"Tên chỉ tiêu", "Đơn vị tính", "Mã đơn vị chịu trách nhiệm", "Căn cứ pháp lý"},
    "v_ke_hoach": {"Tên văn bản", "Mã đơn vị chịu trách nhiệm", "Căn cứ pháp lý"},
}


@pytest.fixture(autouse=True)
def _filled(warehouse: psycopg.Connection, submit: Submit) -> None:
    """Fill the marts so that every yes and no, and most words, occur."""
    submit(
        "smart_hospitals",
        "2021-Q1",
        [
            ("38001", {"it_level": 6, "paperless_on": date(2021, 2, 1)}),
            ("38002", {"it_level": 6}),
            ("38101", {"hospital_tier": "district", "security_met": False, "lis_level": "none"}),
        ],
    )
    submit(
        "health_stations",
        "2021-Q1",
        [
            ("38001", {}),
            ("38002", {"has_ehr_system": False, "software_name": None, "records_created": 3}),
        ],
    )
    submit(
        "broadband_coverage",
        "2021-Q1",
        [
            ("14758", {}),
            ("14755", {"villages_fixed_broadband": 9}),
            ("14761", {"villages_4g": 9, "villages_5g": 2}),
            ("14764", {"villages_fixed_broadband": 0}),
        ],
    )
    refresh(warehouse)
    warehouse.execute(
        "insert into mart.fct_indicator_value (indicator_code, period, geography_code, vintage, "
        "period_end_on, value, unit) select 'EHR_POP', '2020', '38', vintage, '2020-12-31', null, 'pct' "
        "from unnest(array['estimate', 'preliminary', 'final']) as vintage"
    )


def rows(connection: psycopg.Connection, relation: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier("mart", relation))).fetchall()


@pytest.mark.parametrize(("names", "headings"), VIEWS.items(), ids=[name for name, _ in VIEWS])
def test_a_view_shows_the_values_of_its_base_in_vietnamese_words(
    bi: psycopg.Connection, names: tuple[str, str], headings: dict[str, tuple[str, dict[Any, str]]]
) -> None:
    vietnamese, base = names
    shown = rows(bi, vietnamese)
    # The plan lists targets; indicators without one stand in the status only.
    held = [row for row in rows(bi, base) if row.get("document_code", "") is not None]
    assert len(held) >= 2
    expected = [
        {
            heading: words[row[column]] if words else row[column]
            for heading, (column, words) in headings.items()
        }
        for row in held
    ]
    found = [{heading: row[heading] for heading in headings} for row in shown]
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert shown[0].keys() - headings.keys() == FROM_THE_DIMENSIONS.get(vietnamese, set())


@pytest.mark.parametrize(("names", "headings"), VIEWS.items(), ids=[name for name, _ in VIEWS])
def test_a_heading_is_described_like_the_column_that_it_stands_for(
    bi: psycopg.Connection, names: tuple[str, str], headings: dict[str, tuple[str, dict[Any, str]]]
) -> None:
    meaning = {
        (relation, column): (vi, en)
        for relation, column, vi, en in bi.execute(
            "select relation_name, column_name, column_vi, column_en from mart.dictionary"
        )
    }
    for heading, (column, _) in headings.items():
        assert meaning[names[0], heading] == meaning[names[1], column]


def test_indicators_and_targets_carry_the_words_of_their_definition(bi: psycopg.Connection) -> None:
    value = bi.execute(
        'select "Tên chỉ tiêu", "Đơn vị tính", "Mã đơn vị chịu trách nhiệm", "Căn cứ pháp lý", "Giá trị" '
        "from mart.v_chi_tieu where \"Mã chỉ tiêu\" = 'SMART_HOSP_P'"
    ).fetchall()
    assert value == [
        (
            "Bệnh viện thông minh tuyến tỉnh",
            "bệnh viện",
            "so-y-te",
            "54/2017/TT-BYT; 46/2018/TT-BYT; 13/2025/TT-BYT",
            2,
        )
    ]
    (target,) = bi.execute(
        'select "Tên văn bản", "Mức phải đạt", "Giá trị mới nhất", "Tình trạng", '
        '"Mã đơn vị chịu trách nhiệm", "Căn cứ pháp lý" from mart.v_ke_hoach '
        "where \"Mã chỉ tiêu\" = 'SMART_HOSP_P'"
    ).fetchall()
    assert target[0].startswith("Dự thảo Kế hoạch hành động")
    assert target[1:] == (2, 2, "Đạt", "so-y-te", "54/2017/TT-BYT; 46/2018/TT-BYT")
