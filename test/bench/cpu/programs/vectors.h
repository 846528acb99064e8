/* AltiVec where there is AltiVec; elsewhere as much of it as the programs need, in the compiler's portable vectors. */
#ifdef __ALTIVEC__
#include <altivec.h>
#else
#define vector __attribute__((vector_size(16)))
typedef i32 signs __attribute__((vector_size(16)));
#define vec_madd(a, b, c) ((a) * (b) + (c))
#define vec_add(a, b) ((a) + (b))
#define vec_sub(a, b) ((a) - (b))
#define vec_xor(a, b) ((a) ^ (b))
#define vec_sr(a, b) ((a) >> (b))
#define vec_rl(a, b) (((a) << (b)) | ((a) >> (32 - (b))))
#define vec_max(a, b) ({ __typeof__(a) x_ = (a), y_ = (b); signs m_ = x_ > y_; (__typeof__(a))(((signs)x_ & m_) | ((signs)y_ & ~m_)); })
#define vec_splat_u32(n) ((vector u32){n, n, n, n})
#define vec_lvsl(at, from) ((vector u8){0})
/* The only order asked for: by one element. */
#define vec_perm(a, b, order) __builtin_shuffle(a, b, (signs){1, 2, 3, 4})
#define vec_st(value, at, to) (*(__typeof__(value) *)(to) = (value))
#endif
