using System.Runtime.InteropServices;
using HipaaFs.Benchmarks.Cloud;
using HipaaFs.Benchmarks.NullFileSystem;
using HipaaFs.Benchmarks.Volume;

// What a benchmark has started and mounted is its own to end: an interrupt, which the programs that it waits for get too, does not take that from it.
using var stop = new CancellationTokenSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using PosixSignalRegistration termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
try
{
    return args switch
    {
        ["null", .. string[] options] => NullFileSystemBenchmark.Run(options),
        ["null-serve", string mountPoint, .. string[] options] => await NullFileSystemServer.RunAsync(mountPoint, keepAwake: !options.Contains(NullFileSystemBenchmark.NoAwake)),
        ["volume", .. string[] options] => await VolumeBenchmark.RunAsync(options),
        ["cloud", .. string[] options] => await CloudBenchmark.RunAsync(options, stop.Token),
        ["workload", .. string[] options] => Workload.Run(options),
        _ => Usage(),
    };
}
catch when (stop.IsCancellationRequested)
{
    return 130;
}

void End(PosixSignalContext context)
{
    context.Cancel = args is ["cloud", ..];
    stop.Cancel();
}

static int Usage()
{
    Console.Error.WriteLine("""
        usage: HipaaFs.Benchmarks VERB
          null [--rounds N] [--seconds S] [--noawake] [--json]
                                                     the request loop alone, against the same file system in C on libfuse3
          volume [--rounds N] [--size MIB] [--files N] [--directory DIR] [--json]
                                                     a mount, against the local file system and gocryptfs
          cloud [--rounds N] [--size MIB] [--rtt MILLISECONDS --rate MBIT] [--json]
                                                     a mount over an S3 gateway, against plain transfers
        """);
    return 2;
}
