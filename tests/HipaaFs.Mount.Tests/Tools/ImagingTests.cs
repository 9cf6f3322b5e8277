using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Tools;

/// <summary>A DICOM receiver that writes into a mount stores what it stores on a local disk.</summary>
public sealed class ImagingTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task Receive_StudySentOverTheNetwork_StoresTheSameBytes()
    {
        MountPrerequisites.RequireRoot();
        MountPrerequisites.RequirePrograms("storescu", "storescp", "dump2dcm", "dcmdump", "unshare");

        // A network namespace of its own: no port is taken from anybody, and nobody outside can send.
        return ToolRun.SameOnLocalDiskAndMountAsync(mount, input: null, """
            mkdir dumps sent received
            $python "$scripts/study.py" dumps 40
            for dump in dumps/*.dump; do dump2dcm -q --line 65536 "$dump" "sent/$(basename "$dump" .dump).dcm"; done
            cat > transfer.sh <<'END'
            set -eu
            $python "$scripts/loopback.py"
            storescp -q --bit-preserving --output-directory received 11112 & receiver=$!
            sent=no
            for attempt in $(seq 1200); do
                if storescu -q --no-halt +sd 127.0.0.1 11112 sent 2> /dev/null; then sent=yes; break; fi
                sleep 0.1
            done
            kill $receiver
            test $sent = yes
            END
            python=$python scripts=$scripts unshare --net bash transfer.sh
            test "$(ls received | wc -l)" = 40
            ls received | LC_ALL=C sort
            for image in received/*; do dcmdump -q +P 0008,0018 +P 0010,0010 +P 0028,0010 "$image"; done
            for image in received/*; do dcmdump -q "$image"; done | sha256sum
            """, ChildProcess.LongTimeout);
    }
}
