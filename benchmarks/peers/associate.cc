// DCMTK's own library: associate, echo and release, one after another, in one process.
//
//   associate PORT COUNT     prints wall and CPU seconds for COUNT of them
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>

#include <sys/resource.h>
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <string>

static double seconds(const timeval &time) { return time.tv_sec + time.tv_usec * 1e-6; }

static void must(const OFCondition &condition) {
    if (condition.bad()) {
        std::fprintf(stderr, "%s\n", condition.text());
        std::exit(1);
    }
}

int main(int count, char **words) {
    if (count != 3) return 2;
    const std::string address = std::string("127.0.0.1:") + words[1];
    T_ASC_Network *network;
    must(ASC_initializeNetwork(NET_REQUESTOR, 0, 10, &network));
    const char *syntaxes[] = {UID_LittleEndianImplicitTransferSyntax};
    timeval begin, end;
    gettimeofday(&begin, nullptr);
    for (int left = std::atoi(words[2]); left > 0; left--) {
        T_ASC_Parameters *parameters;
        T_ASC_Association *association;
        DIC_US status;
        must(ASC_createAssociationParameters(&parameters, ASC_DEFAULTMAXPDU));
        must(ASC_setAPTitles(parameters, "STEPWEDGE", "BENCH", nullptr));
        must(ASC_setPresentationAddresses(parameters, "127.0.0.1", address.c_str()));
        must(ASC_addPresentationContext(parameters, 1, UID_VerificationSOPClass, syntaxes, 1));
        must(ASC_requestAssociation(network, parameters, &association));
        DcmDataset *detail = nullptr;
        must(DIMSE_echoUser(association, 1, DIMSE_BLOCKING, 0, &status, &detail));
        if (status) return 1;
        delete detail;
        must(ASC_releaseAssociation(association));
        must(ASC_destroyAssociation(&association));
    }
    gettimeofday(&end, nullptr);
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    std::printf("%f %f\n", seconds(end) - seconds(begin),
                seconds(used.ru_utime) + seconds(used.ru_stime));
    ASC_dropNetwork(&network);
}
