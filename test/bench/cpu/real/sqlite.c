/* A database in memory, made four times over: rows written in one transaction, indexes, joins, sorts and text functions. */
#include <stdio.h>
#include "sqlite3.h"

static int failed;
static long long sum;

static int row(void *unused, int count, char **values, char **names) {
  (void)unused, (void)names;
  for (int i = 0; i < count; i += 1)
    for (const char *c = values[i] ? values[i] : "-"; *c; c += 1) sum = (sum * 31 + *c) % 1000000007;
  return 0;
}

static void run(sqlite3 *base, const char *text) {
  char *why = NULL;
  if (sqlite3_exec(base, text, row, NULL, &why) != SQLITE_OK) {
    printf("%s\n", why);
    failed = 1;
  }
}

static int round_of_work(void) {
  sqlite3 *base;
  if (sqlite3_open(":memory:", &base) != SQLITE_OK) return 1;
  run(base, "create table event(id integer primary key, kind integer, thread integer, name text, cost real)");
  run(base, "begin");
  run(base, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000) "
            "insert into event select i, (i * 7919) % 13, (i * 104729) % 97, printf('event-%05x', (i * 31337) % 65536), "
            "(i % 1000) / 7.0 from n");
  run(base, "commit");
  run(base, "create index by_name on event(name)");
  run(base, "create index by_thread on event(thread, kind)");
  run(base, "select kind, count(*), sum(id), round(avg(cost), 6), max(name) from event group by kind order by kind");
  run(base, "select a.thread, count(*) from event a join event b on a.thread = b.thread and b.kind = 3 "
            "where a.kind = 5 group by a.thread order by 2 desc, 1 limit 20");
  run(base, "select count(*) from event where name like '%a7%'");
  run(base, "select upper(substr(name, 7)), length(name) from event order by cost desc, name limit 200");
  run(base, "update event set cost = cost * 1.5 where kind in (1, 4, 9)");
  run(base, "delete from event where thread between 40 and 50");
  run(base, "select count(*), round(sum(cost), 4), min(name) from event");
  sqlite3_close(base);
  return failed;
}

int main(void) {
  for (int round = 0; round < 4; round += 1)
    if (round_of_work() != 0) return 1;
  printf("%lld\n", sum);
  return 0;
}
