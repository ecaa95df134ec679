-- A column that a view only passes on means what it means in the table it comes from; where two tables have
-- it, what it means in the later one. Run after each migration that makes such views.
do $$
declare
    passed_on record;
begin
    for passed_on in
        select
            passing.attrelid::regclass as view_name,
            passing.attname as name,
            (
                select col_description(source.attrelid, source.attnum)
                from pg_rewrite as rule
                inner join pg_depend as dependency
                    on rule.oid = dependency.objid and dependency.classid = 'pg_rewrite'::regclass
                inner join pg_attribute as source
                    on dependency.refobjid = source.attrelid and dependency.refobjsubid = source.attnum
                where rule.ev_class = passing.attrelid and source.attname = passing.attname
                order by source.attrelid desc
                limit 1
            ) as description
        from pg_attribute as passing
        inner join pg_class as mart_view on passing.attrelid = mart_view.oid
        where
            mart_view.relnamespace = 'mart'::regnamespace
            and mart_view.relkind = 'v'
            and passing.attnum > 0
            and col_description(passing.attrelid, passing.attnum) is null
    loop
        execute format('comment on column %s.%I is %L', passed_on.view_name, passed_on.name, passed_on.description);
    end loop;
end
$$;
