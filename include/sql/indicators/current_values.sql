-- Every target with the latest value of its indicator, by document; then the indicators without a target.
select
    indicator_code,
    name_vi,
    name_en,
    period,
    vintage,
    value::double precision as value,
    numerator::double precision as numerator,
    denominator::double precision as denominator,
    unit,
    unit_vi,
    baseline_value::double precision as baseline,
    baseline_year,
    target_value::double precision as target_value,
    target_year,
    direction,
    document_code as document,
    status
from mart.indicator_status
order by document_code nulls last, indicator_code, geography_code, target_year;
