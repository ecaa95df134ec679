-- grain: enterprise
-- stage: dimension
-- feeds: st_enterprises, software_enterprises
-- parameters: feed, period
-- replaces: mart.dim_enterprise
with named as (
    select
        'st_enterprises' as feed,
        period,
        tax_code,
        enterprise_name,
        is_current,
        submission_id
    from core.st_enterprises
    union all
    select
        'software_enterprises' as feed,
        period,
        tax_code,
        enterprise_name,
        is_current,
        submission_id
    from core.software_enterprises
),

-- Facts of other periods follow in transactions of their own: until then they keep what they name.
kept as (
    select
        'st_enterprises' as feed,
        period,
        tax_code
    from mart.fct_st_enterprise
    union all
    select
        'software_enterprises' as feed,
        period,
        tax_code
    from mart.fct_software_enterprise
)

insert into mart.dim_enterprise (tax_code, enterprise_name, first_period, last_period)
select
    tax_code,
    (array_agg(enterprise_name order by is_current desc, period desc, submission_id desc))[1]
        as enterprise_name,
    coalesce(min(period) filter (where is_current), min(period)) as first_period,
    coalesce(max(period) filter (where is_current), max(period)) as last_period
from named
where
    is_current
    or tax_code in (
        select kept.tax_code
        from kept
        where (kept.feed, kept.period) <> (%(feed)s, %(period)s)
    )
group by tax_code;
