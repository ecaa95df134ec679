-- Remember the fingerprint of a hash key at the first use of its version.
insert into ledger.privacy_key (version, fingerprint)
values (%(version)s, %(fingerprint)s)
on conflict (version) do nothing;
