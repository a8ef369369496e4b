// CBLAS and LAPACK by OpenBLAS, which is opened when it is first needed: loaded at a program's start it
// would start threads in programs that never call it. It is kept to one thread, so that results do not
// depend on the number of processors, and may be called from several threads at once.
//
// A function that is not here yet: its prototype goes into this header, its call into clapack.c.
#pragma once

// The values are those of the reference CBLAS and LAPACKE.
enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112 };
enum CBLAS_UPLO { CblasUpper = 121, CblasLower = 122 };

// Opens the library; NULL, or the loader's words if it cannot be had. The functions below open it too,
// and end the program where they cannot.
const char *clapack_load(void);

// OpenBLAS' version and the processor's kernels, which its last bits depend on.
const char *clapack_configuration(void);

// C = alpha op(A) op(B) + beta C; op(A) is m x k, op(B) k x n.
void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transA, enum CBLAS_TRANSPOSE transB, int m,
                 int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta,
                 float *c, int ldc);
void cblas_dgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transA, enum CBLAS_TRANSPOSE transB, int m,
                 int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
                 double beta, double *c, int ldc);

// One triangle of C = alpha op(A) op(A)' + beta C; op(A) is n x k.
void cblas_dsyrk(enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans, int n, int k,
                 double alpha, const double *a, int lda, double beta, double *c, int ldc);

// Eigenvalues w, ascending, of the symmetric n x n matrix whose triangle `uplo` ('L' or 'U') is in a,
// column by column, and its eigenvectors in its place, a column each. 0, or LAPACK's code, or
// CLAPACK_NO_MEMORY.
enum { CLAPACK_NO_MEMORY = -1010 };
int clapack_dsyevd(char uplo, int n, double *a, int lda, double *w);
