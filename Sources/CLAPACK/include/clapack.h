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

// The same in single precision.
void cblas_ssyrk(enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans, int n, int k,
                 float alpha, const float *a, int lda, float beta, float *c, int ldc);

// The inner product of two vectors of n elements.
double cblas_ddot(int n, const double *x, int incx, const double *y, int incy);

// What follows works on matrices column by column, with their leading dimensions, as LAPACK does, and
// returns 0, or LAPACK's code, or CLAPACK_NO_MEMORY.

// Eigenvalues w, ascending, of the symmetric n x n matrix whose triangle `uplo` ('L' or 'U') is in a,
// and, for the job 'V' rather than 'N', its eigenvectors in its place, a column each.
enum { CLAPACK_NO_MEMORY = -1010 };
int clapack_dsyevd(char job, char uplo, int n, double *a, int lda, double *w);

// The QR factorisation of the m x n matrix a, and from it the first k columns of Q.
int clapack_dgeqrf(int m, int n, double *a, int lda, double *tau);
int clapack_dorgqr(int m, int n, int k, double *a, int lda, const double *tau);

// The thin singular value decomposition of the m x n matrix a: with k = min(m, n), u is m x k, vt k x n.
int clapack_dgesdd(int m, int n, double *a, int lda, double *s, double *u, int ldu, double *vt,
                   int ldvt);

// The LU factorisation of the n x n matrix a, and solutions of a x = b for `count` columns b.
int clapack_dgetrf(int n, double *a, int lda, int *pivots);
int clapack_dgetrs(int n, int count, const double *a, int lda, const int *pivots, double *b, int ldb);

// The Cholesky factor in the triangle `uplo` of the n x n matrix a, and the inverse of a triangle.
int clapack_dpotrf(char uplo, int n, double *a, int lda);
int clapack_dtrtri(char uplo, int n, double *a, int lda);
