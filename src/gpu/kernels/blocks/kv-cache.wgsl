// One layer's KV cache: pages of PAGE positions, a page anywhere in the pool. The kernel's binding `pages` says where a
// row belongs: pages[2t] is row t's position in its session, and from pages[2t + 1] on lie the numbers of the session's
// pages in that same array, the i-th for positions from PAGE · i. Rows may be of different sessions.
// In a page keys come first, [K, D/4, PAGE]: neighbouring threads read neighbouring positions; then values,
// [K, PAGE, D/4]: neighbouring threads read neighbouring dimensions.
const PAGE = 32u; // a power of two; PAGE_TOKENS in src/blocks/kv-layout.ts
override K: u32; // KV heads
override D4: u32; // D / 4

// A row's position in its session.
fn position_of(row: u32) -> u32 {
  return pages[2u * row];
}

// Where the page numbers of a row's session begin.
fn table_of(row: u32) -> u32 {
  return pages[2u * row + 1u];
}

fn page_start(page: u32) -> u32 {
  return page * 2u * K * PAGE * D4;
}

// The place of a position in its page.
fn slot_of(position: u32) -> u32 {
  return position & (PAGE - 1u);
}

fn key_index(page: u32, head: u32, slot: u32, d: u32) -> u32 {
  return page_start(page) + (head * D4 + d) * PAGE + slot;
}

fn value_index(page: u32, head: u32, slot: u32, d: u32) -> u32 {
  return page_start(page) + (K * D4 + head * D4) * PAGE + slot * D4 + d;
}
