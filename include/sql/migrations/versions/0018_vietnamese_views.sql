-- The marts under Vietnamese headings, for those who open them in Excel or Power BI. The names of the views
-- have no accents, so that every tool can be given them; the headings are words for people.
-- noqa: disable=RF05

create view mart.v_chi_tieu with (security_invoker = true) as
select
    measured.indicator_code as "Mã chỉ tiêu",
    indicator.name_vi as "Tên chỉ tiêu",
    measured.period as "Kỳ báo cáo",
    measured.period_end_on as "Ngày cuối kỳ",
    measured.geography_code as "Mã địa bàn",
    case measured.vintage
        when 'reported' then 'Báo cáo'
        when 'estimate' then 'Ước tính'
        when 'preliminary' then 'Sơ bộ'
        when 'final' then 'Chính thức'
    end as "Loại số liệu",
    measured.numerator as "Tử số",
    measured.denominator as "Mẫu số",
    measured.value as "Giá trị",
    indicator.unit_vi as "Đơn vị tính",
    indicator.owner_code as "Mã đơn vị chịu trách nhiệm",
    indicator.legal_basis as "Căn cứ pháp lý"
from mart.fct_indicator_value as measured
inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code;

comment on view mart.v_chi_tieu is
'Mỗi dòng là giá trị một chỉ tiêu trong một kỳ, tên cột tiếng Việt. '
'/ One row per indicator, period, area and vintage, under Vietnamese headings.';

create view mart.v_ke_hoach with (security_invoker = true) as
select
    status.document_code as "Mã văn bản",
    target.document_title_vi as "Tên văn bản",
    status.indicator_code as "Mã chỉ tiêu",
    status.name_vi as "Tên chỉ tiêu",
    status.geography_code as "Mã địa bàn",
    status.unit_vi as "Đơn vị tính",
    case status.direction when 'at_least' then 'Ít nhất' when 'at_most' then 'Nhiều nhất' end as "Yêu cầu",
    status.target_value as "Mức phải đạt",
    status.target_year as "Năm phải đạt",
    status.baseline_value as "Giá trị gốc",
    status.baseline_year as "Năm gốc",
    status.period as "Kỳ mới nhất",
    status.value as "Giá trị mới nhất",
    case status.status
        when 'reached' then 'Đạt'
        when 'not_reached' then 'Chưa đạt'
        when 'no_data' then 'Chưa có số liệu'
    end as "Tình trạng",
    target.owner_code as "Mã đơn vị chịu trách nhiệm",
    target.legal_basis as "Căn cứ pháp lý"
from mart.indicator_status as status
inner join mart.dim_target as target
    on
        status.document_code = target.document_code
        and status.indicator_code = target.indicator_code
        and status.geography_code = target.geography_code
        and status.target_year = target.target_year;

comment on view mart.v_ke_hoach is
'Mỗi dòng là một mục tiêu của kế hoạch với giá trị mới nhất, tên cột tiếng Việt. '
'/ One row per target of the plan with its latest value, under Vietnamese headings.';

create view mart.v_benh_vien_thong_minh with (security_invoker = true) as
select
    hospital.period as "Kỳ báo cáo",
    hospital.period_end_on as "Ngày cuối kỳ",
    hospital.hospital_code as "Mã CSKCB",
    hospital.hospital_name as "Tên bệnh viện",
    case hospital.hospital_tier when 'provincial' then 'Tỉnh' when 'district' then 'Huyện' end as "Tuyến",
    hospital.it_level as "Mức ứng dụng CNTT (1-7)",
    case when hospital.is_smart then 'Có' when not hospital.is_smart then 'Không' end
        as "Bệnh viện thông minh",
    hospital.infrastructure_level as "Hạ tầng CNTT (1-7)",
    hospital.his_level as "HIS (1-7)",
    word.lis as "LIS",
    word.ris_pacs as "RIS-PACS",
    word.emr as "Bệnh án điện tử (EMR)",
    case when hospital.security_met then 'Có' when not hospital.security_met then 'Không' end
        as "An toàn, bảo mật thông tin",
    hospital.paperless_on as "Ngày bỏ bệnh án giấy",
    hospital.assessed_on as "Ngày đánh giá"
from mart.smart_hospital as hospital
cross join lateral (
    select
        max(level.vi) filter (where level.code = hospital.lis_level) as lis,
        max(level.vi) filter (where level.code = hospital.ris_pacs_level) as ris_pacs,
        max(level.vi) filter (where level.code = hospital.emr_level) as emr
    from (values ('none', 'Chưa'), ('basic', 'Cơ bản'), ('advanced', 'Nâng cao')) as level (code, vi)
) as word;

comment on view mart.v_benh_vien_thong_minh is
'Mỗi dòng là một bệnh viện trong một kỳ, tên cột tiếng Việt. '
'/ One row per hospital and period, under Vietnamese headings.';

create view mart.v_tram_y_te with (security_invoker = true) as
select
    period as "Kỳ báo cáo",
    period_end_on as "Ngày cuối kỳ",
    station_code as "Mã trạm",
    station_name as "Tên cơ sở",
    commune_code as "Mã xã",
    commune_name as "Tên xã",
    commune_type as "Loại đơn vị hành chính",
    district_name as "Tên huyện",
    case when has_ehr_system then 'Có' when not has_ehr_system then 'Không' end as "Có hệ thống hồ sơ SKĐT",
    software_name as "Phần mềm",
    population_managed as "Dân số quản lý (người)",
    records_created as "Số hồ sơ đã lập",
    records_updated as "Số hồ sơ cập nhật trong kỳ",
    records_created_pct as "Hồ sơ đã lập trên dân số (%)"
from mart.health_station;

comment on view mart.v_tram_y_te is
'Mỗi dòng là một trạm y tế trong một kỳ, tên cột tiếng Việt. '
'/ One row per health station and period, under Vietnamese headings.';

create view mart.v_bang_rong_xa with (security_invoker = true) as
select
    period as "Kỳ báo cáo",
    period_end_on as "Ngày cuối kỳ",
    commune_code as "Mã xã",
    commune_name as "Tên xã",
    commune_type as "Loại đơn vị hành chính",
    district_name as "Tên huyện",
    villages_total as "Số thôn, bản, tổ dân phố",
    villages_fixed_broadband as "Số thôn có cáp quang",
    villages_4g as "Số thôn phủ sóng 4G",
    villages_5g as "Số thôn phủ sóng 5G",
    households_total as "Số hộ",
    households_fixed_broadband as "Số hộ dùng Internet cáp quang",
    households_fixed_broadband_pct as "Hộ dùng Internet cáp quang (%)",
    carriers as "Doanh nghiệp cung cấp",
    case when covered then 'Có' when not covered then 'Không' end as "Được phủ băng rộng",
    case when covered_strict then 'Có' when not covered_strict then 'Không' end
        as "Được phủ (định nghĩa chặt)",
    case when covered_loose then 'Có' when not covered_loose then 'Không' end
        as "Được phủ (định nghĩa rộng)"
from mart.broadband_commune;

comment on view mart.v_bang_rong_xa is
'Mỗi dòng là băng rộng của một xã trong một kỳ, tên cột tiếng Việt. '
'/ One row per commune and period: broadband, under Vietnamese headings.';

-- A heading stands for the column that has the same place in this list, and means what that one means.
do $$
declare
    heading record;
begin
    for heading in
        select
            vietnamese.view_name,
            attribute.attname as name,
            col_description(source.attrelid, source.attnum) as description
        from (
            values
            (
                'mart.v_chi_tieu',
                'indicator_code dim_indicator.name_vi period period_end_on geography_code vintage numerator '
                'denominator value dim_indicator.unit_vi dim_indicator.owner_code dim_indicator.legal_basis',
                'fct_indicator_value'
            ),
            (
                'mart.v_ke_hoach',
                'document_code dim_target.document_title_vi indicator_code name_vi geography_code unit_vi '
                'direction target_value target_year baseline_value baseline_year period value status '
                'dim_target.owner_code dim_target.legal_basis',
                'indicator_status'
            ),
            (
                'mart.v_benh_vien_thong_minh',
                'period period_end_on hospital_code hospital_name hospital_tier it_level is_smart '
                'infrastructure_level his_level lis_level ris_pacs_level emr_level security_met paperless_on '
                'assessed_on',
                'smart_hospital'
            ),
            (
                'mart.v_tram_y_te',
                'period period_end_on station_code station_name commune_code commune_name commune_type '
                'district_name has_ehr_system software_name population_managed records_created '
                'records_updated records_created_pct',
                'health_station'
            ),
            (
                'mart.v_bang_rong_xa',
                'period period_end_on commune_code commune_name commune_type district_name villages_total '
                'villages_fixed_broadband villages_4g villages_5g households_total '
                'households_fixed_broadband households_fixed_broadband_pct carriers covered covered_strict '
                'covered_loose',
                'broadband_commune'
            )
        ) as vietnamese (view_name, columns, base)
        cross join lateral string_to_table(vietnamese.columns, ' ') with ordinality as named (name, place)
        inner join pg_attribute as attribute
            on vietnamese.view_name::regclass = attribute.attrelid and named.place = attribute.attnum
        inner join pg_attribute as source
            on
                source.attrelid = format(
                    'mart.%I', coalesce(nullif(split_part(named.name, '.', -2), ''), vietnamese.base)
                )::regclass
                and source.attname = split_part(named.name, '.', -1)
    loop
        execute format('comment on column %s.%I is %L', heading.view_name, heading.name, heading.description);
    end loop;
end
$$;
