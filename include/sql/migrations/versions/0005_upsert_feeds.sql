-- What upsert feeds need: their counts, the first load of a table, the versions of the privacy key.

alter table ledger.delivery
add column rows_new integer,
add column rows_replaced integer,
add column rows_older integer,
add check (rows_new is null or rows_accepted = rows_new + rows_replaced + rows_older + rows_unchanged);

comment on column ledger.delivery.rows_new is
'Trong số được nhận, số hồ sơ mới; trống với nguồn thay cả kỳ. / Accepted rows of records not known before.';
comment on column ledger.delivery.rows_replaced is
'Trong số được nhận, số dòng thay bản cũ hơn. / Accepted rows that replaced an older version.';
comment on column ledger.delivery.rows_older is
'Trong số được nhận, số dòng cũ hơn bản hiện hành. / Accepted rows older than the version stored.';

create index delivery_feed_key on ledger.delivery (feed, received_seq);
create index quarantined_row_key on quarantine.quarantined_row (feed, row_key) where closed_by is null;

create table ledger.privacy_key (
    version smallint primary key,
    fingerprint text not null,
    first_used_at timestamptz not null default now()
);
comment on table ledger.privacy_key is
'Các phiên bản khóa băm đã dùng; không chứa khóa. / Versions of the hash key in use; no key is stored.';
comment on column ledger.privacy_key.version is 'Phiên bản khóa. / Version of the key.';
comment on column ledger.privacy_key.fingerprint is
'Dấu nhận biết của khóa. / Tells keys apart and reveals none.';
comment on column ledger.privacy_key.first_used_at is 'Lần dùng đầu tiên. / First use.';

-- The first load of an upsert feed fills a table of its own, without indexes, which then takes the place of
-- the empty one. The writer may do just this and no other change of tables.
create function core.begin_first_load(feed text, attempt bigint, constants jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    target regclass := to_regclass(format('core.%I', feed));
    staged text := format('attempt_%s', attempt);
    filled boolean;
    constant record;
begin
    if target is null or to_regclass(format('core.%I', feed || '_history')) is null then
        raise exception 'core.% is no table of an upsert feed.', feed;
    end if;
    execute format('select exists (select from %s)', target) into filled;
    if filled then
        return false;
    end if;
    execute format('create table staging.%I (like %s including defaults including comments)', staged, target);
    for constant in select * from jsonb_each_text(constants) loop
        execute format(
            'alter table staging.%I alter column %I set default %L', staged, constant.key, constant.value
        );
    end loop;
    execute format('grant select, insert, update, delete on staging.%I to dx_writer', staged);
    return true;
end
$$;

-- Answers false, and leaves the staged table as it is, where the feed's table has rows by now, or is in use:
-- a roster that began with the empty table holds it until its end, and a small file must not wait for that.
create function core.publish_first_load(feed text, attempt bigint, constants jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s'
as $$
declare
    target regclass := format('core.%I', feed)::regclass;
    staged regclass := format('staging.%I', format('attempt_%s', attempt))::regclass;
    filled boolean;
    name text;
    indexes jsonb;
    item jsonb;
begin
    execute format('select exists (select from %s)', target) into filled;
    if filled or staged not in (select oid from pg_class where relowner = current_user::regrole) then
        return false;
    end if;
    -- The indexes of the empty table, made from the rows before the table is locked.
    select jsonb_agg(jsonb_build_object(
        'name', class.relname,
        'making', coalesce(
            'add constraint %I ' || pg_get_constraintdef(found.oid),
            (regexp_match(pg_get_indexdef(class.oid), ' (USING .*)$'))[1]
        ),
        'constraint', found.oid is not null
    ))
    into indexes
    from pg_index as index
    inner join pg_class as class on index.indexrelid = class.oid
    left join pg_constraint as found on index.indexrelid = found.conindid and found.contype = 'p'
    where index.indrelid = target;
    for item in select * from jsonb_array_elements(indexes) loop
        name := format('attempt_%s_%s', attempt, item ->> 'name');
        if (item ->> 'constraint')::boolean then
            execute format('alter table %s ' || (item ->> 'making'), staged, name);
        else
            execute format('create index %I on %s %s', name, staged, item ->> 'making');
        end if;
    end loop;
    begin
        execute format('lock table %s in access exclusive mode', target);
    exception when lock_not_available then
        return false;
    end;
    execute format('select exists (select from %s)', target) into filled;
    if filled then
        return false;
    end if;
    -- What LIKE does not copy.
    execute format('comment on table %s is %L', staged, obj_description(target, 'pg_class'));
    execute format('drop table %s', target);
    for name in select * from jsonb_object_keys(constants) loop
        execute format('alter table %s alter column %I drop default', staged, name);
    end loop;
    execute format('alter table %s set schema core', staged);
    execute format('alter table core.%I rename to %I', format('attempt_%s', attempt), feed);
    for item in select * from jsonb_array_elements(indexes) loop
        execute format(
            'alter index core.%I rename to %I',
            format('attempt_%s_%s', attempt, item ->> 'name'), item ->> 'name'
        );
    end loop;
    return true;
end
$$;

-- Drops the staged table that did not take the place of the feed's: the writer does not own it.
create function core.end_first_load(attempt bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    staged regclass := to_regclass(format('staging.%I', format('attempt_%s', attempt)));
begin
    if (select relowner::regrole::text from pg_class where oid = staged) = current_user then
        execute format('drop table %s', staged);
    end if;
end
$$;

revoke execute on function core.begin_first_load(text, bigint, jsonb) from public;
revoke execute on function core.publish_first_load(text, bigint, jsonb) from public;
revoke execute on function core.end_first_load(bigint) from public;
grant execute on function core.begin_first_load(text, bigint, jsonb) to dx_writer;
grant execute on function core.publish_first_load(text, bigint, jsonb) to dx_writer;
grant execute on function core.end_first_load(bigint) to dx_writer;
