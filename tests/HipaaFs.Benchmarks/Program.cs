using HipaaFs.Benchmarks.NullFileSystem;

return args switch
{
    ["null", .. string[] options] => NullFileSystemBenchmark.Run(options),
    ["null-serve", string mountPoint] => await NullFileSystemServer.RunAsync(mountPoint),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: HipaaFs.Benchmarks VERB
          null [--rounds N] [--seconds S] [--json]   the request loop alone, against the same file system in C on libfuse3
        """);
    return 2;
}
