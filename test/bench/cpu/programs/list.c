#include "start.h"
struct node { struct node *next; u32 key; u32 count; };
static struct node nodes[512];
static struct node *sorted(struct node *list, int n) {
  if (n < 2) return list;
  struct node *second = list;
  for (int i = 0; i < n / 2 - 1; i += 1) second = second->next;
  struct node *rest = second->next;
  second->next = 0;
  struct node *a = sorted(list, n / 2), *b = sorted(rest, n - n / 2), head, *tail = &head;
  while (a && b) {
    if (a->key <= b->key) { tail->next = a; a = a->next; } else { tail->next = b; b = b->next; }
    tail = tail->next;
  }
  tail->next = a ? a : b;
  return head.next;
}
u64 compute(void) {
  u64 sum = 0;
  for (int round = 0; round < 1200; round += 1) {
    for (int i = 0; i < 512; i += 1) { nodes[i].key = next() & 0xffff; nodes[i].next = i < 511 ? nodes + i + 1 : 0; nodes[i].count = 0; }
    struct node *list = sorted(nodes, 512);
    for (int pass = 0; pass < 100; pass += 1)
      for (struct node *n = list; n; n = n->next) { n->count += n->key & pass; sum += n->count; }
    sum = sum * 31 + list->key;
  }
  return sum;
}
