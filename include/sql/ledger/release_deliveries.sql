select pg_advisory_unlock(hashtext('dxpipeline.delivery'), delivery_id)
from unnest(%(delivery_ids)s::integer[]) as held (delivery_id);
