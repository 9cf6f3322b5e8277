using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Tools;

/// <summary>A variant-calling pipeline of Debian's tools on a mount gives the bytes that it gives on a local disk.</summary>
public sealed class GenomicsTests(SharedMount mount) : IClassFixture<SharedMount>
{
    private static readonly TimeSpan PipelineTimeout = ChildProcess.LongTimeout;

    [Fact]
    public Task Pipeline_IndexAlignSortCall_GivesTheSameBytes()
    {
        MountPrerequisites.RequirePrograms("samtools", "bcftools", "bwa", "wgsim");
        return ToolRun.SameOnLocalDiskAndMountAsync(mount, input: null, """
            $python "$scripts/genome.py" ref.fa
            wgsim -S 11 -N 6000 -1 100 -2 100 -r 0.002 ref.fa r1.fq r2.fq > truth.txt 2> /dev/null
            samtools faidx ref.fa
            samtools faidx ref.fa chr1:1000-1200 chr2:500-600 > regions.fa
            bwa index ref.fa 2> /dev/null
            bwa mem -t 1 -R '@RG\tID:1\tSM:sample' ref.fa r1.fq r2.fq > aligned.sam 2> /dev/null
            samtools sort --no-PG -m 2M -T sorting -o sorted.bam aligned.sam 2> /dev/null
            samtools index sorted.bam
            samtools index -c sorted.bam sorted.bam.csi
            for region in chr1:1000-5000 chr1:100000-100500 chr2 chrM:16000-16569; do
                samtools view --no-PG sorted.bam $region
            done > regions.sam
            samtools view --no-PG -h sorted.bam | samtools view --no-PG -b -o again.bam -
            samtools markdup --no-PG -r sorted.bam marked.bam 2> /dev/null || true
            samtools flagstat sorted.bam
            samtools idxstats sorted.bam
            samtools quickcheck -v sorted.bam again.bam
            bcftools mpileup --no-version -f ref.fa sorted.bam 2> /dev/null | bcftools call --no-version -mv -Oz -o calls.vcf.gz
            bcftools index calls.vcf.gz
            bcftools index -t calls.vcf.gz
            bcftools view --no-version -H -r chr1:20000-60000,chr2 calls.vcf.gz > regions.vcf
            bcftools stats calls.vcf.gz | grep ^SN
            test -s regions.vcf -a -s regions.sam
            """, PipelineTimeout);
    }

    [Fact]
    public Task Cram_WrittenAndReadByRegion_GivesTheSameRecords()
    {
        MountPrerequisites.RequirePrograms("samtools", "wgsim", "bwa");

        // A CRAM's header names the reference by its absolute path, so records are compared and not the file.
        return ToolRun.SameOnLocalDiskAndMountAsync(mount, input: null, """
            $python "$scripts/genome.py" ref.fa
            wgsim -S 12 -N 2000 -1 80 -2 80 ref.fa r1.fq r2.fq > /dev/null 2>&1
            samtools faidx ref.fa
            bwa index ref.fa 2> /dev/null
            bwa mem -t 1 ref.fa r1.fq r2.fq 2> /dev/null | samtools sort --no-PG -O cram --reference ref.fa -o a.cram - 2> /dev/null
            samtools index a.cram
            samtools view --no-PG -T ref.fa a.cram > all.sam
            samtools view --no-PG -T ref.fa a.cram chr1:50000-60000 > region.sam
            test -s region.sam
            rm a.cram a.cram.crai
            """, PipelineTimeout);
    }
}
