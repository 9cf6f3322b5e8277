using HipaaFs.Benchmarks.Cloud;
using HipaaFs.Benchmarks.NullFileSystem;
using HipaaFs.Benchmarks.Volume;

return args switch
{
    ["null", .. string[] options] => NullFileSystemBenchmark.Run(options),
    ["null-serve", string mountPoint, .. string[] options] => await NullFileSystemServer.RunAsync(mountPoint, keepAwake: !options.Contains(NullFileSystemBenchmark.NoAwake)),
    ["volume", .. string[] options] => await VolumeBenchmark.RunAsync(options),
    ["cloud", .. string[] options] => await CloudBenchmark.RunAsync(options),
    ["workload", .. string[] options] => Workload.Run(options),
    _ => Usage(),
};

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
