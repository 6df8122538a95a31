// Built with AVX-512 BF16, as amx_on_model.cc. Encodings: Intel SDM volume 2,
// sections 2.1.5 (ModR/M and SIB) and 2.3 (VEX), and the instructions' own.
#include "tests/kernels/amx_trap.h"

#include <string.h>
#include <ucontext.h>

#include "kernels/cpu/amx_model.h"

namespace inlay::kernels::cpu {
namespace {

using internal::ModelTiles;
using internal::TileConfig;

ModelTiles* g_tiles = nullptr;
int64_t g_instructions = 0;

// One instruction of three VEX bytes, an opcode and ModR/M.
struct Instruction {
  int pp, source2, opcode, mod, reg, rm;
  uint8_t* memory;  // of base and displacement
  size_t stride;    // the index register, scaled
  size_t length;
};

size_t Register(const mcontext_t& context, int number) {
  static constexpr int kOrder[16] = {
      REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<size_t>(context.gregs[kOrder[number]]);
}

void DecodeMemory(const mcontext_t& context, const uint8_t* at, int x, int b,
                  Instruction* i) {
  int base = i->rm | b;
  if (i->rm == 4) {
    const uint8_t sib = at[i->length++];
    const int index = (sib >> 3 & 7) | x;
    base = (sib & 7) | b;
    if (index != 4) i->stride = Register(context, index) << (sib >> 6);
  }
  int64_t displacement = 0;
  // A base of 5 without a displacement is another form, which compilers use
  // for constants.
  if (i->mod == 1) {
    displacement = static_cast<int8_t>(at[i->length++]);
  } else if (i->mod == 2 || (base & 7) == 5) {
    int32_t four;
    memcpy(&four, at + i->length, sizeof(four));
    i->length += sizeof(four);
    displacement = four;
  }
  size_t address = 0;
  if (i->mod != 0 || (base & 7) != 5) {
    address = Register(context, base);
  } else if (i->rm == 5) {  // relative to the next instruction
    address = reinterpret_cast<size_t>(at) + i->length;
  }
  i->memory =
      reinterpret_cast<uint8_t*>(address + static_cast<size_t>(displacement));
}

bool Decode(const mcontext_t& context, Instruction* i) {
  const auto* at = reinterpret_cast<const uint8_t*>(
      static_cast<size_t>(context.gregs[REG_RIP]));
  if (at[0] != 0xc4 || (at[1] & 0x1f) != 2) return false;  // 0F 38
  *i = {};
  i->pp = at[2] & 3;
  i->source2 = ~(at[2] >> 3) & 15;
  i->opcode = at[3];
  i->mod = at[4] >> 6;
  i->reg = at[4] >> 3 & 7;
  i->rm = at[4] & 7;
  i->length = 5;
  if (i->mod != 3) {
    DecodeMemory(context, at, (at[1] & 0x40) != 0 ? 0 : 8,
                 (at[1] & 0x20) != 0 ? 0 : 8, i);
  }
  return true;
}

bool Execute(const Instruction& i, ModelTiles& tiles) {
  enum { kNone = 0, k66 = 1, kF3 = 2, kF2 = 3 };
  if (i.opcode == 0x49 && i.mod != 3 && i.pp == kNone) {
    TileConfig config;
    memcpy(&config, i.memory, sizeof(config));
    tiles.Configure(config);
  } else if (i.opcode == 0x49 && i.mod == 3 && i.pp == kNone) {
    tiles.Release();
  } else if (i.opcode == 0x49 && i.mod == 3 && i.pp == kF2) {
    tiles.ZeroTile(i.reg);
  } else if (i.opcode == 0x4b && i.mod != 3 && i.pp == kF2) {
    tiles.LoadTile(i.reg, i.memory, i.stride);
  } else if (i.opcode == 0x4b && i.mod != 3 && i.pp == kF3) {
    tiles.StoreTile(i.reg, i.memory, i.stride);
  } else if (i.opcode == 0x5c && i.mod == 3 && i.pp == kF3) {
    tiles.MultiplyBf16(i.reg, i.rm, i.source2);
  } else if (i.opcode == 0x5e && i.mod == 3 && i.pp == kF3) {
    tiles.MultiplyInt8(i.reg, i.rm, i.source2);
  } else {
    return false;
  }
  return true;
}

void OnTrap(int, siginfo_t*, void* context) {
  mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
  Instruction instruction;
  if (g_tiles == nullptr || !Decode(machine, &instruction) ||
      !Execute(instruction, *g_tiles)) {
    signal(SIGILL, SIG_DFL);  // traps again, for good
    return;
  }
  ++g_instructions;
  machine.gregs[REG_RIP] += static_cast<greg_t>(instruction.length);
}

}  // namespace

AmxTrap::AmxTrap() {
  g_tiles = new ModelTiles();
  g_instructions = 0;
  struct sigaction action = {};
  action.sa_sigaction = OnTrap;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &old_);
}

AmxTrap::~AmxTrap() {
  sigaction(SIGILL, &old_, nullptr);
  delete g_tiles;
  g_tiles = nullptr;
}

int64_t AmxTrap::instructions() const { return g_instructions; }
internal::TileFault AmxTrap::fault() const { return g_tiles->fault(); }
bool AmxTrap::configured() const { return g_tiles->configured(); }

}  // namespace inlay::kernels::cpu
