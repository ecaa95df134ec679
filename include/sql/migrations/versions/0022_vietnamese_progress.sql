-- The plan with its progress under Vietnamese headings, for those who open it in Excel or Power BI.
-- noqa: disable=RF05
create or replace view mart.v_ke_hoach with (security_invoker = true) as
select
    progress.document_code as "Mã văn bản",
    target.document_title_vi as "Tên văn bản",
    progress.indicator_code as "Mã chỉ tiêu",
    progress.name_vi as "Tên chỉ tiêu",
    progress.geography_code as "Mã địa bàn",
    progress.unit_vi as "Đơn vị tính",
    case progress.direction when 'at_least' then 'Ít nhất' when 'at_most' then 'Nhiều nhất' end as "Yêu cầu",
    progress.target_value as "Mức phải đạt",
    progress.target_year as "Năm phải đạt",
    progress.baseline_value as "Giá trị gốc",
    progress.baseline_year as "Năm gốc",
    progress.period as "Kỳ mới nhất",
    progress.value as "Giá trị mới nhất",
    case progress.status
        when 'reached' then 'Đạt'
        when 'not_reached' then 'Chưa đạt'
        when 'no_data' then 'Chưa có số liệu'
        when 'no_target' then 'Không nêu số'
    end as "Tình trạng",
    target.owner_code as "Mã đơn vị chịu trách nhiệm",
    target.legal_basis as "Căn cứ pháp lý",
    progress.progress_pct as "Phần đường đã đi (%)",
    progress.distance as "Còn phải đi",
    progress.required_pace as "Nhịp cần có mỗi năm",
    progress.observed_pace as "Nhịp thực tế mỗi năm",
    progress.projected_value as "Dự báo",
    progress.projected_low as "Cận dưới",
    progress.projected_high as "Cận trên",
    case progress.verdict
        when 'reached' then 'Đạt'
        when 'on_track' then 'Đúng nhịp'
        when 'at_risk' then 'Có nguy cơ'
        when 'out_of_reach' then 'Ngoài tầm'
        when 'no_data' then 'Chưa nói được'
    end as "Nhận định"
from mart.target_progress as progress
inner join mart.dim_target as target
    on
        progress.document_code = target.document_code
        and progress.indicator_code = target.indicator_code
        and progress.geography_code = target.geography_code
        and progress.target_year = target.target_year;

comment on view mart.v_ke_hoach is
'Mỗi dòng là một mục tiêu của kế hoạch với giá trị mới nhất, nhịp, dự báo và nhận định, tên cột tiếng Việt. '
'/ One row per target of the plan with its latest value, paces, projection and verdict, under Vietnamese '
'headings.';

-- A heading means what the column means that it stands for.
do $$
declare
    heading record;
begin
    for heading in
        select
            attribute.attname as name,
            col_description(source.attrelid, source.attnum) as description
        from string_to_table(
            'document_code - indicator_code name_vi geography_code unit_vi direction target_value target_year '
            'baseline_value baseline_year period value status - - progress_pct distance required_pace '
            'observed_pace projected_value projected_low projected_high verdict', ' '
        ) with ordinality as named (name, place)
        inner join pg_attribute as attribute
            on attribute.attrelid = 'mart.v_ke_hoach'::regclass and named.place = attribute.attnum
        inner join pg_attribute as source
            on source.attrelid = 'mart.target_progress'::regclass and named.name = source.attname
    loop
        execute format('comment on column mart.v_ke_hoach.%I is %L', heading.name, heading.description);
    end loop;
end
$$;
