-- Puts the versions of a record and day into the order in which they were received: what repeats the one
-- before it falls away, the last of the newest day is current, the others are history.
with was_current as (
    delete from {core} as version
    using {conflicting} as staged
    where {same_key} and staged.{newest} = version.{newest}
    returning {version_columns}
),

was_history as (
    delete from {history} as version
    using {conflicting} as staged
    where {same_key} and staged.{newest} = version.{newest}
    returning {version_columns}
),

was_repeated as (
    delete from {repeated} as version
    using {conflicting} as staged
    where {same_key} and staged.{newest} = version.{newest}
    returning {version_repeated}
),

known as (
    select
        {columns},
        true as current
    from was_current
    union all
    select
        {columns},
        false as current
    from was_history
),

-- A repeated version has the values of the last one before it.
repeated as (
    select {repeated_version}
    from was_repeated as staged
    cross join lateral (
        select *
        from known as version
        where {same_key} and staged.{newest} = version.{newest} and version.received_seq < staged.received_seq
        order by version.received_seq desc
        limit 1
    ) as version
),

version as (
    select * from known
    union all
    select
        {columns},
        false as current
    from repeated
    union all
    select
        {columns},
        false as current
    from {conflicting}
),

compared as (
    select
        *,
        bool_or(current) over (partition by {key}) as of_newest_day,
        row({stored}) as content,
        lag(row({stored})) over (partition by {key} order by received_seq) as previous,
        lead(row({stored})) over (partition by {key} order by received_seq) as following
    from version
),

ordered as (
    select
        *,
        (content is not distinct from previous) as repeats,
        (content is not distinct from following) as is_repeated
    from compared
),

kept as (
    select
        *,
        lead(received_seq) over (partition by {key} order by received_seq) is null as last
    from ordered
    where not repeats
),

now_current as (
    insert into {core} ({columns})
    select {columns}
    from kept
    where of_newest_day and last
),

now_history as (
    insert into {history} ({columns})
    select {columns}
    from kept
    where not (of_newest_day and last)
),

now_repeated as (
    insert into {repeated} ({repeated_columns})
    select {repeated_columns}
    from ordered
    where repeats
)

-- What a delivery that was faster says too was so already, wherever it stands now.
select
    count(*) filter (where repeats or is_repeated) as rows_unchanged,
    count(*) filter (where not (repeats or is_repeated) and is_current) as rows_replaced,
    count(*) filter (where not (repeats or is_repeated or is_current)) as rows_older
from (
    select
        repeats,
        is_repeated,
        false as is_current,
        received_seq
    from ordered
    where repeats
    union all
    select
        repeats,
        is_repeated,
        of_newest_day and last as is_current,
        received_seq
    from kept
) as placed
where received_seq = %(received_seq)s;
