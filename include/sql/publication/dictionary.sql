-- What every column of schema mart means, tables before views.
select
    relation_name,
    relation_kind,
    relation_vi,
    relation_en,
    column_name,
    data_type,
    is_key,
    column_vi,
    column_en
from mart.dictionary
order by relation_kind, relation_name, column_position;
