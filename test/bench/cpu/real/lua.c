/* A script with what scripts do: calls, tables, strings, closures, floating point; four rounds of the same. */
#include <stdio.h>
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char script[] =
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "local sum = fib(25)\n"
    "local seed = 42\n"
    "local function random() seed = (seed * 16807) % 2147483647 return seed end\n"
    "local list = {}\n"
    "for i = 1, 25000 do list[i] = random() end\n"
    "table.sort(list, function(a, b) return a < b end)\n"
    "for i = 1, #list, 100 do sum = (sum * 31 + list[i]) % 1000000007 end\n"
    "local count = {}\n"
    "for word in (('the event that nobody signals '):rep(3000)):gmatch('%a+') do count[word] = (count[word] or 0) + #word end\n"
    "for _, word in ipairs({ 'the', 'event', 'that', 'nobody', 'signals' }) do sum = sum + count[word] end\n"
    "local parts = {}\n"
    "for i = 1, 18000 do parts[#parts + 1] = string.format('%d:%x', i, i * 7) end\n"
    "local text = table.concat(parts, ','):gsub('1', 'one')\n"
    "sum = sum + #text\n"
    "local object = setmetatable({ n = 0 }, { __index = { add = function(self, k) self.n = self.n + k return self end } })\n"
    "for i = 1, 300000 do object:add(i & 15) end\n"
    "local x, y = 0.25, 0.5\n"
    "for i = 1, 400000 do x = 3.75 * x * (1 - x) y = (y + x) / 1.5 end\n"
    "return sum + object.n, string.format('%.12f', y)\n";

int main(void) {
  lua_State *state = luaL_newstate();
  if (state == NULL) return 1;
  /* What a table's seed would be taken from is the address of things, and the time. */
  luaL_openlibs(state);
  for (int round = 0; round < 4; round += 1) {
    if (luaL_dostring(state, script) != LUA_OK) {
      printf("%s\n", lua_tostring(state, -1));
      return 2;
    }
    printf("%lld %s\n", (long long)lua_tointeger(state, -2), lua_tostring(state, -1));
    lua_settop(state, 0);
  }
  lua_close(state);
  return 0;
}
