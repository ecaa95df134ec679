-- One row per version of the hash key that is this version or was used with this key, this version first.
select
    version,
    fingerprint
from ledger.privacy_key
where version = %(version)s or fingerprint = %(fingerprint)s
order by version <> %(version)s, version;
