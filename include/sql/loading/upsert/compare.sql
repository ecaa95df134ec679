-- How the staged rows differ from the current versions: rows of records not known, newer ones and older ones.
-- What is left is so already.
select
    count(*) filter (where version.period is null) as rows_new,
    count(*) filter (where staged.{newest} >= version.{newest}) as rows_newer,
    count(*) filter (where staged.{newest} < version.{newest}) as rows_older
from {staged} as staged
left join {core} as version on {same_key}
where version.period is null or not ({same_values});
