#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# sqlite3: inserts, an index, joins and sorting, in memory.
set -eu
cd "$2"
if [ "$1" = prepare ]; then
    cat >work.sql <<'SQL'
create table t (id integer primary key, a integer, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
insert into t select i, i * 7919 % 10007, printf('%0' || (i % 100 + 1) || 'd', i) from n;
create index by_a on t (a, b);
create table u as select a, max(b) as m from t group by a;
select count(*) from t join u using (a) where b = m;
select length(group_concat(b)) from (select b from t order by b desc);
select json_extract(json_group_array(a), '$[10]') from (select a from t order by b);
SQL
else
    exec sqlite3 :memory: '.read work.sql'
fi
